import assert from 'node:assert/strict';
import { test } from 'node:test';
import { previewText } from './delete-command.ts';

test('a dry run that could not look at everything says that it is at least so much', () => {
  const answer = { profiles: 12, rows: 34, bytes: 56, objects: 7, isComplete: true };
  assert.match(previewText(answer), /^would be deleted\nprofiles +12\nrows +34\nbytes +56\nobjects +7\n$/);
  assert.match(previewText({ ...answer, isComplete: false }), /^would be deleted, at least: .+\nprofiles +12\n/);
});
