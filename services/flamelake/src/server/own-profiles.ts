/** Stores profiles of this server as service `flamelake`, through the same pipeline as everybody's. */
import type { Distributor } from '@flamelake/distributor';
import { encodePprof, type Pprof } from '@flamelake/formats';

export const OWN_SERVICE = 'flamelake';

/** Stores one profile of this process under a profile name. */
export type OwnProfilePush = (name: string, profile: Pprof) => Promise<void>;

export function ownProfilePush(distributor: Distributor, tenant: string): OwnProfilePush {
  const labels = (name: string) => [
    { name: '__name__', value: name },
    { name: 'service_name', value: OWN_SERVICE },
  ];
  return async (name, profile) => {
    if (profile.sampleCount === 0) return;
    await distributor.push(tenant, [{ labels: labels(name), samples: [{ rawProfile: encodePprof(profile), id: '' }] }]);
  };
}
