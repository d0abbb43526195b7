/** The chart as Helm renders it. */
import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { installHelm, KUBERNETES } from '../real/components/helm.ts';
import { pathOf } from '../real/components/install.ts';

const runFile = promisify(execFile);
export const CHART = join(import.meta.dirname, '../../helm/flamelake');

/** Names of the value sets that come with the chart. */
export const VALUE_SETS = readdirSync(`${CHART}/ci`).map((file) => file.replace('-values.yaml', ''));

/** Runs helm on the chart. @throws {Error} with its words */
export async function helm(verb: string, ...words: readonly string[]): Promise<string> {
  return (await runFile(`${pathOf(await installHelm())}/helm`, [verb, ...words], { cwd: CHART, maxBuffer: 2 ** 26 }))
    .stdout;
}

/** @param set - one of `VALUE_SETS` */
export function renderChart(set: string, ...words: readonly string[]): Promise<string> {
  const place = ['release', '.', '--namespace', 'profiles', '--kube-version', KUBERNETES];
  return helm('template', ...place, '--values', `ci/${set}-values.yaml`, ...words);
}
