import assert from 'node:assert/strict';
import { test } from 'node:test';
import { homePage } from './home-page.ts';

const content = {
  url: 'http://lake:4040',
  services: ['shop'],
  topFunctions: [],
  selfProfiling: true,
  multitenancy: false,
};

test('names from profiles and from the request cannot become HTML', () => {
  const hostile = '<script>alert("1")</script>';
  const page = homePage({ ...content, url: hostile, services: [hostile], topFunctions: [{ name: hostile, share: 1 }] });
  assert.doesNotMatch(page, /<script/);
});

test('the page says what holds for this server: own profiles and tenants only where there are any', () => {
  assert.match(homePage(content), /profiles itself/);
  assert.doesNotMatch(homePage({ ...content, selfProfiling: false }), /profiles itself/);
  assert.doesNotMatch(homePage(content), /X-Scope-OrgID/);
  assert.match(homePage({ ...content, multitenancy: true }), /X-Scope-OrgID/);
});

test('ten thousand services do not make a page of ten thousand lines', () => {
  const services = Array.from({ length: 10_000 }, (_, i) => `service-${i}`);
  const page = homePage({ ...content, services });
  assert.equal(page.match(/<li>/g)?.length, 200);
  assert.match(page, /and 9800 more/);
});
