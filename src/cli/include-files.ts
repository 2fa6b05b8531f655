import { closeSync, constants, fstatSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, normalize, resolve } from 'node:path';
import type { Found, ReadFiles } from '../config/index.ts';
import { fitsGlob, hasWildcard } from '../lib/glob.ts';

/** More than services ever drop on one instance, few enough to be read at once. */
const MAX_FILES = 1_000;
/** Of all files together. */
const MAX_BYTES = 4 * 1024 * 1024;
const MEND = 'mend or remove it';

/**
 * Reads the files that `include` means for the main file with this path, each pattern once: what is asked again is
 * answered as before. Without a path (standard input, SSM) relative patterns are refused.
 */
export function includeReader(main: string | undefined): ReadFiles {
  const known = new Map<string, readonly Found[]>();
  const source = { main, bytesLeft: MAX_BYTES };
  return (pattern) => {
    const found = known.get(pattern) ?? find(pattern, source);
    known.set(pattern, found);
    return found;
  };
}

interface Source {
  readonly main: string | undefined;
  bytesLeft: number;
}

/** Wildcards stand in the last part of a path only: then every folder that cannot be read is known, and told. */
function find(pattern: string, source: Source): readonly Found[] {
  const { main } = source;
  if (main === undefined && !isAbsolute(pattern)) {
    return [fault(`${pattern} is relative, and the main document lies in no folder; write a path from / on`)];
  }
  const path = isAbsolute(pattern) ? normalize(pattern) : join(dirname(main ?? ''), pattern);
  const [folder, name] = [dirname(path), basename(path)];
  if (hasWildcard(folder)) {
    return [fault(`${pattern} has wildcards in the name of a folder; write them in its last part only`)];
  }
  if (path.endsWith('/') || !hasWildcard(name)) return [readOne(path, source)];
  return findIn(folder, name, source);
}

function findIn(folder: string, pattern: string, source: Source): readonly Found[] {
  let names: readonly string[];
  try {
    names = readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return [unreadable(folder, error)];
    const message = `there is no folder ${folder}, so nothing is included; make it, or leave the pattern out`;
    return [{ kind: 'remark', message }];
  }
  const fitting = names.filter((name) => fitsGlob(name, pattern)).sort();
  if (fitting.length > MAX_FILES) {
    return [fault(`${join(folder, pattern)} means ${fitting.length} files; include at most ${MAX_FILES}`)];
  }
  return fitting.map((name) => readOne(join(folder, name), source));
}

function readOne(path: string, source: Source): Found {
  const { main } = source;
  if (main !== undefined && resolve(path) === resolve(main)) {
    return fault(`${path} is the main file itself; keep included files in a folder of their own`);
  }
  let fd: number | undefined;
  try {
    // Opening a pipe that nobody writes to would wait for ever, were it not for O_NONBLOCK.
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stat = fstatSync(fd);
    if (stat.isDirectory())
      return fault(`${path} is a folder; write a pattern such as ${join(path, '*.yaml')}`);
    if (!stat.isFile()) return fault(`${path} is no regular file; ${MEND}`);
    source.bytesLeft -= stat.size;
    if (source.bytesLeft < 0) {
      return fault(`with ${path} the included files have more than ${MAX_BYTES} bytes; write smaller ones`);
    }
    return { kind: 'file', file: path, text: readFileSync(fd, 'utf8') };
  } catch (error) {
    return unreadable(path, error);
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** The system's own sentence: its code, what it means, and the call. */
function unreadable(path: string, error: unknown): Found {
  const why = error instanceof Error ? error.message : String(error);
  return fault(`${path} can't be read: ${why}; ${MEND}`);
}

function fault(message: string): Found {
  return { kind: 'fault', message };
}
