/** Labels the server adds to what a client sent: made from the profile type and the service, the same for every series of both. */
import { LABEL, type Label, type Labels, sortLabels } from './labels.ts';
import { type ProfileType, profileTypeId } from './profile-type.ts';

/** All labels of a stored series: `labels` with those made from the type and the service, which win. */
export function withProducedLabels(labels: Labels, type: ProfileType, service: string): Labels {
  return sortLabels([...labels, ...made(type, service)]);
}

/** The made labels alone, sorted by name. */
export function producedLabels(type: ProfileType, service: string): Label[] {
  return sortLabels(made(type, service));
}

function made(type: ProfileType, service: string): readonly Label[] {
  return [
    { name: LABEL.metricName, value: type.name },
    { name: LABEL.type, value: type.sampleType },
    { name: LABEL.unit, value: type.sampleUnit },
    { name: LABEL.periodType, value: type.periodType },
    { name: LABEL.periodUnit, value: type.periodUnit },
    { name: LABEL.profileType, value: profileTypeId(type) },
    { name: LABEL.privateServiceName, value: service },
    { name: LABEL.serviceName, value: service },
  ];
}
