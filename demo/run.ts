/**
 * The demo: a VPC of three zones in this process, one real agent and one real service a zone, and the story of how routes
 * move when they fail. Needs nothing but Node, and neither root nor AWS. Where BIRD is installed and a network namespace
 * can be made, the agents announce a prefix to it. `npm run demo`, `npm run demo -- --once`.
 */
import { STORY_TIMING } from '../test/support/story/agent-config.ts';
import { Guard } from '../test/support/story/guard.ts';
import { openSandboxRegion } from '../test/support/story/sandbox-region.ts';
import { openStage, type Stage } from '../test/support/story/stage.ts';
import { NoAddressError } from '../test/support/story/tcp-service.ts';
import { NotInTimeError } from '../test/support/story/wait.ts';
import { type DemoOptions, parseOptions, USAGE } from './options.ts';
import { PREFIX } from './router/config.ts';
import { openRouter, type RouterOrNot } from './router/open.ts';
import { RouterWatch } from './router/watch.ts';
import { Screen } from './screen.ts';
import { Show, type StepReport } from './show.ts';

const EXIT = {
  ok: 0,
  failed: 1,
  usage: 64,
  unavailable: 69,
  software: 70,
  interrupted: 130,
  terminated: 143,
};

/** Instances take a moment to stop and to start, as they do. */
const INSTANCE_TIMING = { stopMs: 1_500, startMs: 800, initializingMs: 2_000 };

/** A wish to end, and with which status. */
class Quit {
  readonly wanted: Promise<number>;
  readonly now: (code: number) => void;

  constructor() {
    const { promise, resolve } = Promise.withResolvers<number>();
    this.wanted = promise;
    this.now = resolve;
  }
}

const options = parseOptions(process.argv.slice(2));
if (options === undefined) {
  process.stderr.write(USAGE);
  process.exit(EXIT.usage);
}
process.exit(await main(options));

async function main(wanted: DemoOptions): Promise<number> {
  const quit = new Quit();
  watchForTheEnd(quit, wanted.isOnce);
  const guard = new Guard();
  let show: Show | undefined;
  let stage: Stage | undefined;
  let bgp: RouterOrNot | undefined;
  try {
    let watch: RouterWatch | undefined;
    const region = await openSandboxRegion({
      azs: 3,
      addressOf: (index) => `127.0.${index + 1}.10`,
      timing: INSTANCE_TIMING,
      panels: () => (watch === undefined ? [] : [watch.panel()]),
    });
    const zones = region.zones.map(({ name }) => name);
    bgp = await openRouter({ zones, guard, onChange: (change) => show?.tellPath(change) });
    const { router, why } = bgp;
    process.on('exit', () => router?.killNow());
    stage = await openStage({
      region,
      timing: STORY_TIMING,
      guard,
      onEvent: (event) => show?.tell(event),
      moreConfigOf: ({ name }) => router?.announcerOf(name) ?? '',
    });
    const { processes } = stage;
    process.on('exit', () => processes.killNow());
    watch = router && new RouterWatch(router, stage);
    const isLive = process.stdout.isTTY === true && !wanted.isJson;
    const screen = new Screen(wanted.isJson ? process.stderr : process.stdout, isLive);
    show = new Show({ stage, region, screen, router: watch, why });
    screen.say(`the VPC is at ${region.sandbox.url}`);
    screen.say(watch?.title() ?? why ?? '');
    listenToKeys(show, quit);
    return await perform({ show, bgp }, wanted, quit);
  } catch (error) {
    return explain(error, () => show?.close());
  } finally {
    show?.close();
    await stage?.close();
    await bgp?.router?.close();
  }
}

/** The story, and then, unless it is to be played once, everything else until somebody ends it. */
async function perform(
  { show, bgp }: { readonly show: Show; readonly bgp: RouterOrNot },
  { isOnce, isJson }: DemoOptions,
  quit: Quit,
): Promise<number> {
  const story = show.play();
  const ended = await Promise.race([story, quit.wanted]);
  if (typeof ended === 'number') {
    // What the story was waiting for will not come any more.
    story.catch(() => undefined);
    return ended;
  }
  if (isJson) printJson(bgp, ended);
  return isOnce ? EXIT.ok : await quit.wanted;
}

function printJson({ router, why }: RouterOrNot, steps: readonly StepReport[]): void {
  const bgp = router === undefined ? { why } : { daemon: router.daemon, prefix: PREFIX };
  process.stdout.write(`${JSON.stringify({ ok: true, bgp, steps }, null, 2)}\n`);
}

function explain(error: unknown, restore: () => void): number {
  restore();
  if (error instanceof NoAddressError) {
    const mend = 'on macOS: for n in 1 2 3; do sudo ifconfig lo0 alias 127.0.$n.10; done';
    process.stderr.write(`demo: this host has no address ${error.message}; ${mend}\n`);
    return EXIT.unavailable;
  }
  const cause = error instanceof Error && error.cause instanceof NotInTimeError ? error.cause : undefined;
  const text = error instanceof Error ? (cause === undefined ? error.stack : error.message) : String(error);
  process.stderr.write(`demo: ${text}${cause === undefined ? '' : `: ${cause.message}`}\n`);
  return EXIT.failed;
}

/** Every way in which this process can be told to end, or has to. */
function watchForTheEnd(quit: Quit, isOnce: boolean): void {
  process.on('SIGINT', () => quit.now(isOnce ? EXIT.interrupted : EXIT.ok));
  process.on('SIGTERM', () => quit.now(EXIT.terminated));
  process.on('SIGHUP', () => quit.now(EXIT.terminated));
  const crash = (error: unknown): void => {
    process.stderr.write(`demo: internal error: ${error instanceof Error ? error.stack : String(error)}\n`);
    quit.now(EXIT.software);
  };
  // Nobody reads any more (`| head`): there is nobody to tell either.
  process.stdout.on('error', () => quit.now(EXIT.terminated));
  process.stderr.on('error', () => quit.now(EXIT.terminated));
  process.on('uncaughtException', crash);
  process.on('unhandledRejection', crash);
  // A runner that is killed takes nothing down with it: what it has started has to notice by itself.
  const parent = process.ppid;
  setInterval(() => process.ppid !== parent && quit.now(EXIT.terminated), 500).unref();
}

function listenToKeys(show: Show, quit: Quit): void {
  const { stdin } = process;
  if (stdin.isTTY !== true) return;
  stdin.setRawMode(true);
  process.on('exit', () => stdin.setRawMode(false));
  stdin.setEncoding('utf8').on('data', (text: string) => {
    for (const key of text) {
      // In raw mode Ctrl-C is a key.
      if (key === 'q' || key === '\u0003') quit.now(EXIT.ok);
      else show.press(key).catch(() => undefined);
    }
  });
}
