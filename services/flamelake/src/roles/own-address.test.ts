import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findOwnAddress } from './own-address.ts';

const HOSTS = new Set(['compactor-1', '127.0.0.1', '10.1.2.3', 'fe80::1']);
const CASES: readonly (readonly [addresses: readonly string[], own: string | undefined])[] = [
  [['10.1.2.2:4040', '10.1.2.3:4040'], '10.1.2.3:4040'],
  [['[fe80::1]:4040', '[fe80::2]:4040'], '[fe80::1]:4040'],
  [['compactor-0.compactor:4040', 'compactor-1.compactor:4040'], 'compactor-1.compactor:4040'],
  [['compactor-10:4040', 'compactor-1:4040'], 'compactor-1:4040'],
  // Two on one machine: which of them is this?
  [['127.0.0.1:4040', '127.0.0.1:4041'], undefined],
  [['10.9.9.9:4040'], undefined],
  [[], undefined],
];

test('a process knows its own address by its machine, if only one can be meant', () => {
  for (const [addresses, own] of CASES) assert.equal(findOwnAddress(addresses, HOSTS), own, addresses.join());
});
