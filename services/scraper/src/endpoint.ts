/** One URL to scrape: a profile of a target, with the labels its series get. */
import { LABEL, type Label, sortLabels } from '@flamelake/model';
import type { LabelMap, ProfileSettings, ScrapeJob, TargetGroup } from './scrape-config.ts';

export interface Endpoint {
  /** Equal for what is scraped alike: a reload leaves it running. */
  readonly key: string;
  readonly job: ScrapeJob;
  readonly profile: ProfileSettings;
  /** `host:port`. */
  readonly address: string;
  readonly url: string;
  /** `__name__` and `service_name` included, sorted. */
  readonly labels: readonly Label[];
  readonly discovered: LabelMap;
}

/** @returns endpoints of the targets of a group; none of those that a rule drops or that have no usable address */
export function endpointsOf(job: ScrapeJob, { targets, labels: ofGroup }: TargetGroup): Endpoint[] {
  return targets.flatMap((address) => {
    const discovered: LabelMap = {
      job: job.name,
      __address__: address,
      __scheme__: job.scheme,
      ...ofGroup,
    };
    const given = Object.entries(discovered).map(([name, value]) => ({ name, value }));
    const relabelled = job.relabel(given);
    if (relabelled === undefined) return [];
    const labels = Object.fromEntries(relabelled.map(({ name, value }) => [name, value]));
    return targetEndpoints(job, labels, discovered);
  });
}

function targetEndpoints(job: ScrapeJob, labels: LabelMap, discovered: LabelMap): Endpoint[] {
  const scheme = labels.__scheme__ === 'https' ? 'https' : 'http';
  const address = addressOf(labels, scheme);
  if (address === undefined) return [];
  const own = publicLabels(job, labels, address);
  return job.profiles.flatMap((settings) => {
    const prefix = `__profile_${settings.kind}_`;
    const path = labels[`${prefix}path`] ?? settings.path;
    const params = { ...settings.params, ...paramsOf(labels, '__param_'), ...paramsOf(labels, `${prefix}param_`) };
    const enabled = labels[`${prefix}enabled`];
    if (enabled === undefined ? !settings.isEnabled : enabled !== 'true') return [];
    const url = URL.parse(`${scheme}://${address}${path.startsWith('/') ? '' : '/'}${path}`);
    if (url === null || url.username !== '') return [];
    for (const [name, value] of Object.entries(params)) url.searchParams.set(name, value);
    const profile = { ...settings, path, params };
    const series = sortLabels([...own, { name: LABEL.metricName, value: settings.profileName }]);
    const { name, intervalMs, timeoutMs, bodyBytesMax, client } = job;
    const how = { name, intervalMs, timeoutMs, bodyBytesMax, client };
    const key = JSON.stringify([url.href, series, profile, how]);
    return [{ key, job, profile, address, url: url.href, labels: series, discovered }];
  });
}

/** `__port__` stands in for the port of the address, which else is that of the scheme. */
function addressOf(labels: LabelMap, scheme: string): string | undefined {
  const url = URL.parse(`${scheme}://${labels.__address__ ?? ''}`);
  if (url === null || url.hostname === '' || url.pathname !== '/' || url.username !== '' || url.search !== '') {
    return undefined;
  }
  const port = labels.__port__ ?? (url.port === '' ? { http: '80', https: '443' }[scheme] : url.port);
  return /^\d{1,5}$/.test(port ?? '') ? `${url.hostname}:${port}` : undefined;
}

function paramsOf(labels: LabelMap, prefix: string): Record<string, string> {
  const found = Object.entries(labels).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(found.map(([name, value]) => [name.slice(prefix.length), value]));
}

/** The service is what `service_name` says, else `application`, else the job. */
function publicLabels(job: ScrapeJob, labels: LabelMap, address: string): Label[] {
  const own = Object.entries(labels).filter(
    ([name, value]) => !name.startsWith('__') && name !== 'application' && value !== '',
  );
  const service = labels[LABEL.serviceName] || labels.application || job.name;
  return sortLabels([
    { name: 'instance', value: address },
    ...own.map(([name, value]) => ({ name, value })),
    { name: LABEL.serviceName, value: service },
  ]);
}
