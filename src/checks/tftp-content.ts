import type { TftpSpec } from './spec.ts';
import type { Verdict } from './verdict.ts';

/** A file that came whole. */
export interface TftpContent {
  readonly bytes: number;
  /** What the server had said before; undefined: nothing. */
  readonly announcedBytes: number | undefined;
  /** Lower-case hexadecimal; undefined where it was not asked for. */
  readonly sha256: string | undefined;
}

/**
 * Whether the content is what was wanted. Without a hash the announced size is all there is to compare with: a boot
 * program that allots so much would fail on another.
 */
export function judgeContent(
  { bytes, announcedBytes, sha256 }: TftpContent,
  wanted: Pick<TftpSpec, 'sha256'>,
): Verdict {
  const measurement = { kind: 'tftp', bytes } as const;
  const isOtherSize = announcedBytes !== undefined && announcedBytes !== bytes;
  const size = isOtherSize ? `${bytes} bytes (${announcedBytes} were announced)` : `${bytes} bytes`;
  if (wanted.sha256 !== undefined && sha256 !== wanted.sha256.toLowerCase()) {
    const detail = `SHA-256 of ${size} is ${sha256}, not ${wanted.sha256}`;
    return { reason: 'content-mismatch', detail, measurement };
  }
  if (wanted.sha256 === undefined && isOtherSize) {
    return { reason: 'content-mismatch', detail: `got ${size}`, measurement };
  }
  return { reason: 'passed', measurement };
}
