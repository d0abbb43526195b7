/** Reads the file of `scraper.config-file`. */
import {
  compileCapturingRegex,
  compileRelabelRules,
  FlamelakeError,
  RELABEL_ACTIONS,
  type RelabelRule,
} from '@flamelake/model';
import { parse as parseYaml } from 'yaml';
import {
  bytesOf,
  choiceOf,
  durationOf,
  eachOf,
  type Fields,
  fieldsOf,
  inside,
  malformed,
  type Place,
  requiredText,
  scalarOf,
  textOf,
} from './config-fields.ts';
import { CLIENT_KEYS, readClientSettings } from './read-client-settings.ts';
import { readKubernetes } from './read-kubernetes.ts';
import { readProfiles } from './read-profiles.ts';
import { readTargetGroup } from './read-target-groups.ts';
import type { HttpDiscovery, ScrapeJob } from './scrape-config.ts';

const SECOND_MS = 1_000;
const INTERVAL_MS_MIN = 100;
const MODULUS_MAX = 2 ** 32;
const JOB_KEYS = [
  'job-name',
  'scrape-interval',
  'scrape-timeout',
  'scheme',
  'enabled-profiles',
  'profiles',
  'use-delta-profiles',
  'body-size-limit',
  'static-configs',
  'file-sd-configs',
  'http-sd-configs',
  'kubernetes-sd-configs',
  'relabel-configs',
  ...CLIENT_KEYS,
];

/**
 * @param file - named in errors
 * @throws {FlamelakeError} `invalid_argument` naming the key, when the text is no YAML or not of that form
 */
export function readScrapeConfig(text: string, file: string): readonly ScrapeJob[] {
  const top = { file, key: '' };
  const jobs = eachOf(
    fieldsOf(parse(text, file), ['scrape-configs'], top),
    'scrape-configs',
    top,
    (value, place) => [readJob(value, place), place] as const,
  );
  const names = new Set<string>();
  for (const [{ name }, place] of jobs) {
    if (names.has(name)) throw malformed(inside(place, 'job-name'), 'a name that no other job has');
    names.add(name);
  }
  return jobs.map(([job]) => job);
}

function readJob(value: unknown, place: Place): ScrapeJob {
  const fields = fieldsOf(value, JOB_KEYS, place);
  const intervalMs = durationOf(fields, 'scrape-interval', place, 10 * SECOND_MS, INTERVAL_MS_MIN);
  const timeoutMs = durationOf(fields, 'scrape-timeout', place, 15 * SECOND_MS, INTERVAL_MS_MIN);
  const profiles = readProfiles(fields, place, intervalMs);
  for (const { kind, params, isEnabled } of profiles) {
    if (isEnabled && Number(params.seconds ?? 0) * SECOND_MS >= timeoutMs) {
      const longer = `longer than the ${params.seconds} seconds of profile ${kind}`;
      throw malformed(inside(place, 'scrape-timeout'), longer);
    }
  }
  return {
    name: requiredText(fields, 'job-name', place),
    intervalMs,
    timeoutMs,
    scheme: choiceOf(fields, 'scheme', place, ['http', 'https'], 'http'),
    bodyBytesMax: bytesOf(fields, 'body-size-limit', place),
    profiles,
    staticGroups: eachOf(fields, 'static-configs', place, readTargetGroup),
    files: eachOf(fields, 'file-sd-configs', place, readFiles),
    http: eachOf(fields, 'http-sd-configs', place, readHttp),
    kubernetes: eachOf(fields, 'kubernetes-sd-configs', place, readKubernetes),
    relabel: compileRelabelRules(eachOf(fields, 'relabel-configs', place, readRule)),
    client: readClientSettings(fields, place),
  };
}

function readFiles(value: unknown, place: Place): { readonly files: readonly string[] } {
  const fields = fieldsOf(value, ['files', 'refresh-interval'], place);
  const files = eachOf(fields, 'files', place, scalarOf);
  if (files.length === 0) throw malformed(inside(place, 'files'), 'at least one path');
  for (const [number, path] of files.entries()) {
    if (!/^[^*]*(?:\/|^)[^/]*\.(json|yml|yaml)$/.test(path)) {
      throw malformed(inside(inside(place, 'files'), number), 'a path that ends in .json, .yml or .yaml');
    }
  }
  return { files };
}

function readHttp(value: unknown, place: Place): HttpDiscovery {
  const fields = fieldsOf(value, ['url', 'refresh-interval', ...CLIENT_KEYS], place);
  const url = requiredText(fields, 'url', place);
  if (!/^https?:$/.test(URL.parse(url)?.protocol ?? '')) {
    throw malformed(inside(place, 'url'), 'a URL that begins with http:// or https://');
  }
  const refreshMs = durationOf(fields, 'refresh-interval', place, 60 * SECOND_MS, INTERVAL_MS_MIN);
  return { url, refreshMs, client: readClientSettings(fields, place) };
}

function readRule(value: unknown, place: Place): RelabelRule {
  const keys = ['source-labels', 'separator', 'regex', 'modulus', 'target-label', 'replacement', 'action'];
  const fields = fieldsOf(value, keys, place);
  const action = choiceOf(fields, 'action', place, RELABEL_ACTIONS, 'replace');
  const needsTarget = !['keep', 'drop', 'labelmap', 'labeldrop', 'labelkeep'].includes(action);
  return {
    action,
    sourceLabels: eachOf(fields, 'source-labels', place, scalarOf),
    separator: textOf(fields, 'separator', place, ';'),
    regex: readPattern(fields, place),
    targetLabel: needsTarget ? requiredText(fields, 'target-label', place) : '',
    replacement: textOf(fields, 'replacement', place, '$1'),
    modulus: action === 'hashmod' ? readModulus(fields, place) : 1,
  };
}

function readPattern(fields: Fields, place: Place): RelabelRule['regex'] {
  const pattern = textOf(fields, 'regex', place, '(.*)');
  try {
    compileCapturingRegex(pattern);
    return pattern;
  } catch (cause) {
    throw malformed(inside(place, 'regex'), 'a regular expression of RE2', cause);
  }
}

function readModulus(fields: Fields, place: Place): number {
  const modulus = Number(fields.modulus);
  if (Number.isInteger(modulus) && modulus >= 1 && modulus <= MODULUS_MAX) return modulus;
  throw malformed(inside(place, 'modulus'), 'a whole number from 1');
}

function parse(text: string, file: string): unknown {
  try {
    return parseYaml(text);
  } catch (cause) {
    const details = { file, reason: String(cause) };
    throw new FlamelakeError('invalid_argument', 'scrape configuration is no yaml', details, { cause });
  }
}
