/** Where the answers come from. */
export interface AdminSources {
  /** Everything that a scraper wants to know. */
  metrics(): Promise<{ readonly contentType: string; readonly body: Uint8Array }>;
  /** Whether the loop turns. */
  isAlive(): boolean;
  /** Why the agent is not ready, in one line; undefined: it is. */
  notReady(): string | undefined;
}

export interface Answer {
  readonly status: 200 | 404 | 405 | 503;
  readonly contentType: string;
  readonly body: Uint8Array;
  /** The methods that would do. */
  readonly allow?: string;
}

const PATHS = ['/metrics', '/healthz', '/readyz'] as const;
const METHODS = 'GET, HEAD';

/** What a request is answered. A HEAD's answer is that of the GET; the server leaves the body out. */
export async function answer(
  request: { readonly method: string; readonly url: string },
  sources: AdminSources,
): Promise<Answer> {
  const path = request.url.split('?')[0];
  const known = PATHS.find((each) => each === path);
  if (known === undefined) return text(404, `nothing is here; there are: ${PATHS.join(', ')}`);
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return { ...text(405, `${known} is only read: ${METHODS}`), allow: METHODS };
  }
  switch (known) {
    case '/metrics':
      return { status: 200, ...(await sources.metrics()) };
    case '/healthz':
      return sources.isAlive()
        ? text(200, 'alive')
        : text(503, 'not alive: a cycle has been under way, or no poll has ended, for over a minute');
    case '/readyz': {
      const why = sources.notReady();
      return why === undefined ? text(200, 'ready') : text(503, `not ready: ${why}`);
    }
  }
}

function text(status: Answer['status'], line: string): Answer {
  return { status, contentType: 'text/plain; charset=utf-8', body: Buffer.from(`${line}\n`) };
}
