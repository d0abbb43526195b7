import { test } from 'node:test';
import { SCENARIOS } from './scenarios/index.ts';

for (const [name, scenario] of Object.entries(SCENARIOS)) {
  const words = name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  test(`simulation: ${words}`, scenario);
}
