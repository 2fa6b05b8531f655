import { type ChildProcess, spawn } from 'node:child_process';

/** Reads what to see to until its input ends, which it does however this process ends. */
const SCRIPT = `
  trap '' HUP INT TERM
  pids=' '
  folders=
  while read -r word what; do
    case $word in
      started) pids="$pids$what " ;;
      ended) case $pids in *" $what "*) pids="\${pids%%" $what "*} \${pids#*" $what "}" ;; esac ;;
      folder) folders="$folders$what
" ;;
    esac
  done
  # What is being killed may write until it is gone.
  for pass in 1 2 3 4 5; do
    isLeft=
    for pid in $pids; do kill -KILL "$pid" 2>/dev/null && isLeft=yes; done
    [ -z "$isLeft" ] || sleep 0.02
  done
  printf '%s' "$folders" | while read -r folder; do rm -rf "$folder"; done
`;

/**
 * A small process that outlives this one for a moment: when this one is gone, even by SIGKILL, it kills what is still
 * on its list and removes the folders. Signals that end a whole group of processes do not reach it.
 */
export class Guard {
  readonly #child: ChildProcess;

  constructor() {
    this.#child = spawn('/bin/sh', ['-c', SCRIPT], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
    // Without it everything works but for what a SIGKILL leaves behind.
    this.#child.on('error', () => undefined).unref();
    this.#child.stdin?.on('error', () => undefined);
  }

  /** The process is killed when this one is gone, unless it has ended by then. */
  started(pid: number): void {
    this.#child.stdin?.write(`started ${pid}\n`);
  }

  ended(pid: number): void {
    this.#child.stdin?.write(`ended ${pid}\n`);
  }

  /** The folder is removed when this process is gone. */
  folder(path: string): void {
    this.#child.stdin?.write(`folder ${path}\n`);
  }
}
