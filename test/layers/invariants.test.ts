/** docs/invariants.md names tests that exist, and something shows every invariant. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

test('every invariant names the tests that show it, and they are there', () => {
  const sections = readFileSync('docs/invariants.md', 'utf8').split(/^## /m).slice(1);
  assert.equal(sections.length, 8);
  for (const section of sections) {
    const files = [...section.matchAll(/`([^`\s]+\.ts)`/g)].map((match) => match[1]);
    assert.ok(files.length > 0, `nothing shows ${section.split('\n')[0]}`);
    assert.deepEqual(
      files.filter((file) => !existsSync(file)),
      [],
    );
  }
});
