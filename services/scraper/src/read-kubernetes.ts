/** Where and which pods are looked for: a member of `kubernetes-sd-configs`. */
import {
  choiceOf,
  durationOf,
  eachOf,
  fieldsOf,
  inside,
  type Place,
  scalarOf,
  switchOf,
  textOf,
} from './config-fields.ts';
import type { KubernetesDiscovery } from './scrape-config.ts';

const REFRESH_MS = 30_000;
const REFRESH_MS_MIN = 1_000;
const KEYS = ['role', 'namespaces', 'selectors', 'kubeconfig-file', 'refresh-interval', 'profile-annotations'];

/** @throws {FlamelakeError} `invalid_argument` naming the key */
export function readKubernetes(value: unknown, place: Place): KubernetesDiscovery {
  const fields = fieldsOf(value, KEYS, place);
  choiceOf(fields, 'role', place, ['pod'], 'pod');
  const at = inside(place, 'namespaces');
  const namespaces = fieldsOf(fields.namespaces, ['names', 'own-namespace'], at);
  const selectors = eachOf(fields, 'selectors', place, (one, where) => {
    const selector = fieldsOf(one, ['role', 'label', 'field'], where);
    choiceOf(selector, 'role', where, ['pod'], 'pod');
    return { label: textOf(selector, 'label', where), field: textOf(selector, 'field', where) };
  });
  const joined = (texts: readonly string[]) => texts.filter((text) => text !== '').join(',');
  return {
    namespaces: eachOf(namespaces, 'names', at, scalarOf),
    ownNamespace: switchOf(namespaces, 'own-namespace', at, false),
    labelSelector: joined(selectors.map(({ label }) => label)),
    fieldSelector: joined(selectors.map(({ field }) => field)),
    kubeconfigFile: textOf(fields, 'kubeconfig-file', place),
    refreshMs: durationOf(fields, 'refresh-interval', place, REFRESH_MS, REFRESH_MS_MIN),
    usesAnnotations: switchOf(fields, 'profile-annotations', place, false),
  };
}
