import { beginningOf } from './answer-search.ts';
import type { DnsReply } from './dns-message.ts';
import type { Measurement } from './probe.ts';
import type { DnsSpec } from './spec.ts';
import type { Verdict } from './verdict.ts';

/** More answers than this are only counted. */
const SHOWN_ANSWERS = 3;

/** Judges a reply that is not to be asked for again: the rcode first, then how many answers, then which. */
export function judgeReply(spec: DnsSpec, reply: DnsReply): Verdict {
  const measurement: Measurement = { kind: 'dns', answers: reply.answers.length, rcode: reply.rcode };
  return { ...verdictOf(spec, reply), measurement };
}

function verdictOf(spec: DnsSpec, reply: DnsReply): Verdict {
  const { rcode, answers } = reply;
  if (reply.isTruncated) return { reason: 'truncated', detail: `a truncated answer with ${rcode}` };
  if (rcode !== spec.rcode)
    return { reason: 'unexpected-rcode', detail: `${rcode} instead of ${spec.rcode}` };
  if (!reply.hasQuestion) {
    return { reason: 'unexpected-answer', detail: `${rcode} without the question that was asked` };
  }
  if (answers.length < spec.minAnswers) {
    const records = `${answers.length} ${spec.recordType} ${answers.length === 1 ? 'record' : 'records'}`;
    const detail = `${records} instead of at least ${spec.minAnswers}${answers.length > 0 ? `: ${listed(answers)}` : ''}`;
    return { reason: 'too-few-answers', detail };
  }
  return hasExpected(spec, answers)
    ? { reason: 'passed' }
    : { reason: 'unexpected-answer', detail: `got ${listed(answers)}` };
}

function hasExpected({ answers: wanted, match, recordType }: DnsSpec, answers: readonly string[]): boolean {
  if (wanted.length === 0) return true;
  const isThere = (data: string): boolean => answers.some((answer) => isSameData(answer, data, recordType));
  return match === 'all' ? wanted.every(isThere) : wanted.some(isThere);
}

/** Of a SOA the last fields may be left out, since the serial number is another every day. */
function isSameData(answer: string, wanted: string, recordType: DnsSpec['recordType']): boolean {
  return answer === wanted || (recordType === 'SOA' && answer.startsWith(`${wanted} `));
}

/** For people; what a TXT record holds is anything. */
function listed(answers: readonly string[]): string {
  if (answers.length === 0) return 'no records';
  const shown = answers.slice(0, SHOWN_ANSWERS).map((data) => beginningOf(Buffer.from(data)));
  const more = answers.length - shown.length;
  return `${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
