/** The API of Kubernetes as JSON over HTTPS. */
import { request } from 'node:https';

export interface KubeAnswer {
  readonly status: number;
  readonly body: unknown;
}

export interface KubeClient {
  call(method: string, path: string, body?: object): Promise<KubeAnswer>;
  /** @throws {Error} with the API's words unless it answers 200 */
  get<T>(path: string): Promise<T>;
  /** @throws {Error} with the API's words unless it was made */
  create(path: string, body: object): Promise<void>;
  /** Changes of a list in the order in which they happen; `path` says since which version. */
  watch(path: string, onEvent: (event: KubeEvent) => void): Promise<{ stop(): void }>;
}

export interface KubeEvent {
  readonly type: string;
  readonly object: unknown;
}

interface Place {
  readonly url: string;
  readonly ca: Buffer;
  readonly token: string;
}

export function createKubeClient({ url, ca, token }: Place): KubeClient {
  const headers = { authorization: `Bearer ${token}` };
  const call = (method: string, path: string, body?: object): Promise<KubeAnswer> =>
    new Promise((resolve, reject) => {
      const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
      const asked = request(url + path, { method, ca, headers: { ...headers, 'content-type': type } }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk)).once('error', reject);
        response.once('end', () => resolve({ status: response.statusCode ?? 0, body: read(Buffer.concat(chunks)) }));
      });
      asked.once('error', reject).end(body === undefined ? undefined : JSON.stringify(body));
    });
  const sound = async (method: string, path: string, body?: object) => {
    const answer = await call(method, path, body);
    if (answer.status > 299) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  return {
    call,
    get: async <T>(path: string) => (await sound('GET', path)) as T,
    create: async (path, body) => void (await sound('POST', path, body)),
    watch: (path, onEvent) =>
      new Promise((resolve, reject) => {
        const asked = request(
          `${url}${path}${path.includes('?') ? '&' : '?'}watch=true`,
          { ca, headers },
          (response) => {
            let rest = '';
            response.setEncoding('utf8').on('data', (chunk: string) => {
              const lines = (rest + chunk).split('\n');
              rest = lines.pop() ?? '';
              for (const line of lines) onEvent(JSON.parse(line) as KubeEvent);
            });
            response.once('error', () => {});
            resolve({ stop: () => void asked.destroy() });
          },
        );
        asked.once('error', reject).end();
      }),
  };
}

/** Probes answer in words. */
function read(bytes: Buffer): unknown {
  const text = bytes.toString();
  return text.startsWith('{') ? JSON.parse(text) : text;
}
