/** Tools that say what there is: services, profile types, labels. */
import { LABEL, profileTypeId } from '@flamelake/model';
import * as z from 'zod';
import { answerText, shortName } from './answer-text.ts';
import { defineTool, RANGE, rangeOf, SELECTOR } from './tool.ts';

const CONTAINS = z.string().default('').describe('only names with this in them');

const servicesInput = z.object({ contains: CONTAINS, ...RANGE });
export const listServices = defineTool({
  name: 'list_services',
  title: 'Services',
  description: 'Services that sent profiles in a time range, with the types of profiles of each.',
  input: servicesInput,
  async run({ contains, ...range }, { queries, call, nowMs }) {
    const asked = rangeOf(range, nowMs);
    const sets = await queries.series(call, asked, [], [LABEL.serviceName, LABEL.profileType]);
    const types = new Map<string, string[]>();
    for (const labels of sets) {
      const value = (name: string) => labels.find((label) => label.name === name)?.value ?? '';
      const service = value(LABEL.serviceName);
      if (!service.includes(contains)) continue;
      types.set(service, [...(types.get(service) ?? []), value(LABEL.profileType)]);
    }
    const lines = [...types].map(([service, own]) => `${shortName(service)}\t${own.join(' ')}`);
    return answerText({ head: ['service\tprofile types'], rows: lines, what: 'services' });
  },
});

const typesInput = z.object({ selector: SELECTOR, ...RANGE });
export const listProfileTypes = defineTool({
  name: 'list_profile_types',
  title: 'Profile types',
  description:
    'Types of profiles that a selector matches, such as CPU time or bytes allocated: other tools take these ids.',
  input: typesInput,
  async run({ selector, ...range }, { queries, call, nowMs }) {
    const ids =
      selector === '{}'
        ? (await queries.profileTypes(call, rangeOf(range, nowMs))).map(profileTypeId).sort()
        : await queries.labelValues(call, rangeOf(range, nowMs), LABEL.profileType, [selector]);
    return answerText({ head: ['name:sample type:unit:period type:period unit'], rows: ids, what: 'types' });
  },
});

const labelsInput = z.object({
  label: z.string().default('').describe('label whose values are wanted; the names of all labels if empty'),
  contains: CONTAINS,
  selector: SELECTOR,
  ...RANGE,
});
export const listLabels = defineTool({
  name: 'list_labels',
  title: 'Labels',
  description: 'Names of labels, or the values of one label, of the profiles that a selector matches.',
  input: labelsInput,
  async run({ label, contains, selector, ...range }, { queries, call, nowMs }) {
    const asked = rangeOf(range, nowMs);
    const all =
      label === ''
        ? await queries.labelNames(call, asked, [selector])
        : await queries.labelValues(call, asked, label, [selector]);
    const found = all.filter((name) => name.includes(contains)).map(shortName);
    const head = label === '' ? 'label names' : `values of ${shortName(label)}`;
    return answerText({ head: [head], rows: found, what: label === '' ? 'labels' : 'values' });
  },
});
