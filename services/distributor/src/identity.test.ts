import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type IdentityParts, partIdentity, profileIdentity } from './identity.ts';

/** Counts up, so that two draws never agree. */
function countingRandom() {
  let drawn = 0;
  return { bytes: (count: number) => new Uint8Array(count).fill(++drawn), fraction: () => 0 };
}

const base: IdentityParts = {
  tenant: 'a',
  labels: [{ name: 'service_name', value: 'x' }],
  sampleId: '',
  payload: Uint8Array.of(1, 2, 3),
  hasClock: true,
};
const hexOf = (parts: Partial<IdentityParts>, random = countingRandom()) =>
  Buffer.from(profileIdentity({ ...base, ...parts }, random)).toString('hex');

test('the same profile sent twice has one identity', () => {
  const random = countingRandom();
  assert.equal(hexOf({}, random), hexOf({}, random));
  assert.equal(hexOf({ hasClock: false, sampleId: 'id' }, random), hexOf({ hasClock: false, sampleId: 'id' }, random));
});

test('anything that differs makes another identity', () => {
  const identities = [
    hexOf({}),
    hexOf({ tenant: 'b' }),
    hexOf({ labels: [{ name: 'service_name', value: 'y' }] }),
    hexOf({ labels: [...base.labels, { name: 'z', value: '' }] }),
    hexOf({ sampleId: 'id' }),
    hexOf({ payload: Uint8Array.of(1, 2, 4) }),
    hexOf({ payload: Uint8Array.of(1, 2) }),
  ];
  assert.equal(new Set(identities).size, identities.length);
  for (const identity of identities) assert.match(identity, /^[0-9a-f]{32}$/);
});

test('without a clock and an id two equal payloads are two profiles', () => {
  const random = countingRandom();
  assert.notEqual(hexOf({ hasClock: false }, random), hexOf({ hasClock: false }, random));
});

test('identities are the same in every release: resends across an upgrade rely on it', () => {
  assert.equal(hexOf({}), 'cbccc90d67cb54e0483599f4f0e18359');
  assert.equal(Buffer.from(partIdentity(new Uint8Array(16), 1)).toString('hex'), '0ae863bc5845f5a4be8a780323a510c5');
});
