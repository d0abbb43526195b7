/** The `name` parameter of `/ingest`: `app` or `app{key=value,key2=value2}`, values unquoted. */
import { FlamelakeError, LABEL, type Label } from '@flamelake/model';

export interface AppName {
  readonly app: string;
  /** Names unique, in order of first appearance; of equal names the last value stays. */
  readonly labels: readonly Label[];
}

const APP = /^[\p{L}\p{Nd}_.\-/]+$/u;
const KEY = /^[\p{L}\p{Nd}_.]+$/u;

/** @throws {FlamelakeError} `invalid_argument` when it is missing or does not follow the grammar */
export function parseAppName(text: string | null): AppName {
  if (text === null || text === '') throw badName('query parameter name is missing', text);
  const open = text.indexOf('{');
  const app = (open < 0 ? text : text.slice(0, open)).trim();
  if (!APP.test(app)) throw badName('application name must be letters, digits and _ . - /', app);
  if (open < 0) return { app, labels: [] };
  const body = text.slice(open + 1).trimEnd();
  if (!body.endsWith('}') || body.indexOf('}') < body.length - 1) {
    throw badName('labels of the application name must end with one closing brace', text);
  }
  return { app, labels: parseLabels(body.slice(0, -1)) };
}

function parseLabels(text: string): Label[] {
  const values = new Map<string, string>();
  if (text.trim() === '') return [];
  for (const pair of text.split(',')) {
    const equals = pair.indexOf('=');
    const name = pair.slice(0, Math.max(equals, 0)).trim();
    if (equals < 0 || !KEY.test(name)) throw badName('label of the application name must read key=value', pair);
    if (name === LABEL.metricName) throw badName('label __name__ is reserved', pair);
    values.set(name, pair.slice(equals + 1).trim());
  }
  return [...values].map(([name, value]) => ({ name, value }));
}

function badName(message: string, found: string | null): FlamelakeError {
  return new FlamelakeError('invalid_argument', message, {
    found: (found ?? '').slice(0, 128),
    expected: 'name=app or name=app{key=value}',
  });
}
