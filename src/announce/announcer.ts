import type { Announcement } from '../core/index.ts';
import type { AnnouncerStatus } from './status.ts';

/**
 * A backend that announces prefixes. It never learns of health: it is told all that should be announced, and keeps at it
 * until that is so.
 */
export interface Announcer {
  /**
   * From now on exactly these are announced, one for each prefix: what else it has announced, also before this process
   * began, it withdraws. Returns at once; what fails is tried again.
   */
  set(all: readonly Announcement[]): void;
  status(): AnnouncerStatus;
  /**
   * Withdraws everything, then ends the sessions with `why` as the text for the peer's operator (RFC 9003). Idempotent,
   * bounded by 2 s; true when the peers were told.
   */
  close(why: string): Promise<boolean>;
}
