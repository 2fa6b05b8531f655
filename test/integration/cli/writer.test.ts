import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { writerTo } from '../../../src/cli/io.ts';

let folder: string;
let reader: number;
let writer: number;

/** A pipe whose reader does not read by itself, and whose writer does not wait. */
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vpcast-test-'));
  const path = join(folder, 'pipe');
  execFileSync('mkfifo', [path]);
  reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  writer = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
});

afterEach(() => {
  closeSync(reader);
  closeSync(writer);
  rmSync(folder, { recursive: true });
});

function readAll(): string {
  const bytes = Buffer.alloc(1 << 20);
  let text = '';
  for (;;) {
    try {
      const count = readSync(reader, bytes);
      if (count === 0) return text;
      text += bytes.toString('utf8', 0, count);
    } catch {
      return text;
    }
  }
}

it('keeps lines whole when a reader stops reading and goes on: what does not fit is dropped by the line', () => {
  const write = writerTo(writer);
  const line = (index: number) => `${index} ${'x'.repeat(7_000)}\n`;
  for (let index = 0; index < 40; index += 1) write(line(index));
  let text = readAll();
  for (let index = 40; index < 43; index += 1) write(line(index));
  text += readAll();
  const lines = text.split('\n');
  expect(lines.pop()).toBe('');
  expect(lines.every((each) => /^\d+ x{7000}$/.test(each))).toBe(true);
  expect(lines.at(-1)?.startsWith('42 ')).toBe(true);
  expect(lines.length).toBeLessThan(43);
});
