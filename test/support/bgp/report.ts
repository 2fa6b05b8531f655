/** Shows a figure beside the test's result: it is told, and decides nothing. */
export function report(what: string, fromMs: number): void {
  process.stderr.write(`bgp: ${what}: ${(performance.now() - fromMs).toFixed(0)} ms\n`);
}
