/**
 * The chaos run itself: `main.ts {"seed":…,"seconds":…,"program":…}`, in namespaces of its own (launch.ts makes
 * them). Says what it does on standard error, and the result as JSON on standard output. Ends with its parent: when its
 * standard input closes.
 */
import { runChaos } from './run.ts';

process.stdin.on('close', () => process.exit(1)).resume();
process.on('SIGTERM', () => process.exit(1)).on('SIGINT', () => process.exit(1));
const result = await runChaos(JSON.parse(process.argv[2] ?? '{}'), (text) => console.error(text));
process.stdout.write(JSON.stringify(result), () => process.exit(0));
