/** As many timers as there are checks, each once a second, that do nothing. Prints how late each fired, ms. */
const [checks = 0, seconds = 0] = process.argv.slice(2).map(Number);
const EVERY_MS = 1_000;
const lateness: number[] = [];
const untilMs = performance.now() + seconds * 1_000;

function next(dueMs: number): void {
  const delayMs = Math.max(dueMs - performance.now(), 0);
  setTimeout(() => {
    const nowMs = performance.now();
    // Up to 1 ms early, as timers count in whole milliseconds: not late.
    lateness.push(Math.max(nowMs - dueMs, 0));
    if (dueMs + EVERY_MS < untilMs) next(dueMs + EVERY_MS);
  }, delayMs);
}

const startMs = performance.now();
for (let index = 0; index < checks; index += 1) next(startMs + (index / checks) * EVERY_MS);
process.once('beforeExit', () => console.log(JSON.stringify(lateness)));
