/** How a job, or a discovery, makes its requests. */
import {
  type Fields,
  fieldsOf,
  inside,
  malformed,
  type Place,
  requiredText,
  switchOf,
  textOf,
} from './config-fields.ts';
import type { ClientSettings } from './scrape-config.ts';

export const CLIENT_KEYS = [
  'basic-auth',
  'authorization',
  'bearer-token',
  'bearer-token-file',
  'tls-config',
  'follow-redirects',
];

export function readClientSettings(fields: Fields, place: Place): ClientSettings {
  const kinds = ['basic-auth', 'authorization', 'bearer-token', 'bearer-token-file'];
  if (kinds.filter((name) => fields[name] !== undefined).length > 1) {
    throw malformed(place, `at most one of ${kinds.join(', ')}`);
  }
  return {
    basicAuth: readBasicAuth(fields['basic-auth'], inside(place, 'basic-auth')),
    authorization: readAuthorization(fields, place),
    tls: readTls(fields['tls-config'], inside(place, 'tls-config')),
    followRedirects: switchOf(fields, 'follow-redirects', place, true),
  };
}

function readBasicAuth(value: unknown, place: Place): ClientSettings['basicAuth'] {
  if (value === undefined) return undefined;
  const fields = fieldsOf(value, ['username', 'password', 'password-file'], place);
  return {
    username: requiredText(fields, 'username', place),
    password: textOf(fields, 'password', place),
    passwordFile: textOf(fields, 'password-file', place),
  };
}

function readAuthorization(fields: Fields, place: Place): ClientSettings['authorization'] {
  const credentials = textOf(fields, 'bearer-token', place);
  const credentialsFile = textOf(fields, 'bearer-token-file', place);
  if (credentials !== '' || credentialsFile !== '') return { type: 'Bearer', credentials, credentialsFile };
  if (fields.authorization === undefined) return undefined;
  const at = inside(place, 'authorization');
  const own = fieldsOf(fields.authorization, ['type', 'credentials', 'credentials-file'], at);
  return {
    type: textOf(own, 'type', at, 'Bearer'),
    credentials: textOf(own, 'credentials', at),
    credentialsFile: textOf(own, 'credentials-file', at),
  };
}

function readTls(value: unknown, place: Place): ClientSettings['tls'] {
  const fields = fieldsOf(value, ['ca-file', 'cert-file', 'key-file', 'server-name', 'insecure-skip-verify'], place);
  const tls = {
    caFile: textOf(fields, 'ca-file', place),
    certFile: textOf(fields, 'cert-file', place),
    keyFile: textOf(fields, 'key-file', place),
    serverName: textOf(fields, 'server-name', place),
    insecureSkipVerify: switchOf(fields, 'insecure-skip-verify', place, false),
  };
  if ((tls.certFile === '') !== (tls.keyFile === '')) throw malformed(place, 'cert-file and key-file together');
  return tls;
}
