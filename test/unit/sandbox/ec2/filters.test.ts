import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyFilters, compileWildcard } from '../../../../src/sandbox/ec2/filters.ts';
import { paginate } from '../../../../src/sandbox/ec2/paginate.ts';
import {
  parseQueryParams,
  readBoolean,
  readFilters,
  readList,
} from '../../../../src/sandbox/ec2/query-params.ts';
import { document } from '../../../../src/sandbox/ec2/xml.ts';

describe('a filter value', () => {
  it.each([
    ['abc', 'abc', true],
    ['abc', 'ABC', false],
    ['a*', 'abc', true],
    ['a*', 'ba', false],
    ['*', '', true],
    ['a?c', 'abc', true],
    ['a?c', 'ac', false],
    ['a.c', 'abc', false],
    ['a\\*', 'a*', true],
    ['a\\*', 'ab', false],
    ['10.0.0.0/8', '10.0.0.0/8', true],
    ['(x)[y]{z}|^$+', '(x)[y]{z}|^$+', true],
  ])('%s against %s is %s', (pattern, text, expected) => {
    expect(compileWildcard(pattern).test(text)).toBe(expected);
  });

  it('without a wildcard matches itself and nothing else', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (pattern, text) => {
        fc.pre(!/[*?\\]/.test(pattern));
        return compileWildcard(pattern).test(text) === (pattern === text);
      }),
    );
  });
});

describe('filters', () => {
  const items: readonly { readonly id: string; readonly tags: Readonly<Record<string, string>> }[] = [
    { id: 'x', tags: { az: 'a', type: 'private' } },
    { id: 'y', tags: { az: 'b' } },
  ];
  const ids = (filters: { name: string; values: string[] }[]) => {
    const result = applyFilters(items, filters, { id: (item) => [item.id] });
    return result.ok ? result.value.map((item) => item.id) : result.error.code;
  };

  it('are all to be passed, each by any of its values', () => {
    expect(ids([{ name: 'tag:az', values: ['a', 'b'] }])).toEqual(['x', 'y']);
    expect(
      ids([
        { name: 'tag:az', values: ['a', 'b'] },
        { name: 'tag-key', values: ['type'] },
      ]),
    ).toEqual(['x']);
    expect(
      ids([
        { name: 'id', values: ['?'] },
        { name: 'tag:none', values: ['*'] },
      ]),
    ).toEqual([]);
  });

  it('that nobody knows are refused', () => {
    expect(ids([{ name: 'nonsense', values: ['a'] }])).toBe('InvalidParameterValue');
    expect(ids([{ name: 'constructor', values: ['a'] }])).toBe('InvalidParameterValue');
  });
});

describe('parameters', () => {
  it('are read by number, whatever their order', () => {
    const params = parseQueryParams(new URLSearchParams('A.2=y&A.10=z'), 'A.1=x&A.b=no&AB.1=no');
    expect(readList(params, 'A')).toEqual(['x', 'y', 'z']);
  });

  it('become filters', () => {
    const params = parseQueryParams(
      new URLSearchParams(),
      'Filter.2.Name=b&Filter.2.Value.1=v&Filter.1.Name=a&Filter.1.Value.2=2&Filter.1.Value.1=1',
    );
    expect(readFilters(params)).toEqual({
      ok: true,
      value: [
        { name: 'a', values: ['1', '2'] },
        { name: 'b', values: ['v'] },
      ],
    });
  });

  it('that are no booleans are refused', () => {
    expect(readBoolean(new Map([['DryRun', 'TRUE']]), 'DryRun')).toEqual({ ok: true, value: true });
    expect(readBoolean(new Map([['DryRun', 'yes']]), 'DryRun')).toMatchObject({
      error: { code: 'InvalidParameterValue' },
    });
  });
});

describe('pages', () => {
  const items = Array.from({ length: 12 }, (_, index) => ({ id: `n${index}` }));
  const page = (params: Record<string, string>, from = items) => {
    const result = paginate(from, new Map(Object.entries(params)), { max: 100 });
    if (!result.ok) throw new Error(result.error.code);
    return { ids: result.value.items.map((item) => item.id), next: result.value.nextToken };
  };

  it('follow each other without a gap or a double, and the last has no token', () => {
    const first = page({ MaxResults: '5' });
    const second = page({ MaxResults: '5', NextToken: first.next ?? '' });
    const third = page({ MaxResults: '5', NextToken: second.next ?? '' });
    expect([...first.ids, ...second.ids, ...third.ids]).toEqual(items.map((item) => item.id));
    expect(third.next).toBeUndefined();
  });

  it('go on after the same item when an earlier one has vanished', () => {
    const first = page({ MaxResults: '5' });
    expect(page({ MaxResults: '5', NextToken: first.next ?? '' }, items.slice(1)).ids[0]).toBe('n5');
  });

  it.each([
    { MaxResults: '4' },
    { MaxResults: '101' },
    { MaxResults: 'x' },
  ])('of an impossible size are refused: %j', (params) => {
    expect(() => page(params)).toThrow('InvalidParameterValue');
  });

  it('with a token that was never given out are refused', () => {
    expect(() => page({ NextToken: 'nonsense' })).toThrow('InvalidNextToken');
  });
});

describe('XML', () => {
  it('escapes what would break it, and leaves out what is undefined', () => {
    expect(
      document('a', { b: '<&">\u0000', c: undefined, d: [{ e: 1 }, { e: false }], f: [] }, 'urn:x'),
    ).toBe(
      '<?xml version="1.0" encoding="UTF-8"?>\n<a xmlns="urn:x"><b>&lt;&amp;&quot;&gt;\ufffd</b>' +
        '<d><item><e>1</e></item><item><e>false</e></item></d><f/></a>',
    );
  });
});
