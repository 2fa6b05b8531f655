import { describe, expect, it } from 'vitest';
import { chooseAddresses } from '../../../demo/router/addresses.ts';

describe('the addresses of the link to the router', () => {
  it('are of the first block of a network for examples', () => {
    expect(chooseAddresses(['127.0.0.1/8', '10.0.0.7/24', '::1/128'], 3)).toEqual({
      router: '192.0.2.1',
      zones: ['192.0.2.11', '192.0.2.12', '192.0.2.13'],
    });
  });

  it('are of another block where a demo runs already', () => {
    expect(chooseAddresses(['192.0.2.11/28'], 3)?.router).toBe('192.0.2.17');
    expect(chooseAddresses(['192.0.2.11/28', '192.0.2.27/28'], 3)?.router).toBe('192.0.2.33');
  });

  it('are of another network where this host is in one of them', () => {
    expect(chooseAddresses(['192.0.2.2/24'], 3)?.router).toBe('198.51.100.1');
    expect(chooseAddresses(['192.0.2.2/24', '198.51.100.9/16'], 3)?.router).toBe('203.0.113.1');
  });

  it('are none where all networks for examples are in use', () => {
    expect(chooseAddresses(['192.0.2.2/24', '198.51.100.9/24', '203.0.113.1/24'], 3)).toBeUndefined();
  });
});
