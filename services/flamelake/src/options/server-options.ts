/** Options of the ports a process listens on. */
import type { OptionTable } from './option.ts';

const SECOND_MS = 1_000;

export const SERVER_OPTIONS = {
  'server.host': { kind: 'text', default: '0.0.0.0', description: 'address to listen on' },
  'server.port': {
    kind: 'integer',
    min: 0,
    max: 65_535,
    default: 4040,
    description: 'port for HTTP, Connect, gRPC and gRPC-Web; 0 picks one',
  },
  'server.tls.cert-file': {
    kind: 'text',
    default: '',
    description: 'PEM file of the certificate to show on server.port; without it the port speaks plain text',
  },
  'server.tls.key-file': { kind: 'text', default: '', description: 'PEM file of the key to it' },
  'server.tls.client-ca-file': {
    kind: 'text',
    default: '',
    description:
      'PEM file of the certificates that sign those of clients; with it all clients must show one, probes too',
  },
  'internal.tls.cert-file': {
    kind: 'text',
    default: '',
    description: 'PEM file of the certificate that queriers and query-frontends show each other',
  },
  'internal.tls.key-file': { kind: 'text', default: '', description: 'PEM file of the key to it' },
  'internal.tls.ca-file': {
    kind: 'text',
    default: '',
    description: 'PEM file of the certificates that sign those of queriers and query-frontends',
  },
  'internal.tls.server-name': {
    kind: 'text',
    default: '',
    description: 'name in the certificates of queriers; their address if empty',
  },
  'tls.reload-interval': {
    kind: 'duration',
    min: 100,
    max: 3_600 * SECOND_MS,
    default: 10 * SECOND_MS,
    description: 'how often certificate files are looked at; changed ones are used from the next connection on',
  },
  'server.start-timeout': {
    kind: 'duration',
    min: 0,
    max: 24 * 3_600 * SECOND_MS,
    default: 300 * SECOND_MS,
    description:
      'longest wait at start for a store or profile log that does not answer for now; /ready says what is waited for',
  },
  'server.drain-delay': {
    kind: 'duration',
    min: 0,
    max: 600 * SECOND_MS,
    default: 0,
    description: 'at SIGTERM, time to go on serving while /ready says 503, so that load balancers look elsewhere first',
  },
  'server.drain-timeout': {
    kind: 'duration',
    min: 0,
    max: 600 * SECOND_MS,
    default: 10 * SECOND_MS,
    description: 'then, longest time for requests in flight; what is left is cut',
  },
} as const satisfies OptionTable;
