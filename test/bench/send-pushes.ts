/** Sends pushes with a fixed number of them under way. */
import { Agent, request } from 'node:http';
import type { Push } from './pushes.ts';

/**
 * @param concurrency - connections, each with one push at a time
 * @returns time from sending to the answer, by push, ms
 * @throws {Error} when one is not answered 200
 */
export async function sendPushes(url: string, pushes: readonly Push[], concurrency: number): Promise<Float64Array> {
  const agent = new Agent({ keepAlive: true, maxSockets: concurrency });
  const latenciesMs = new Float64Array(pushes.length);
  let next = 0;
  const sendInTurn = async (): Promise<void> => {
    for (let index = next++; index < pushes.length; index = next++) {
      const startMs = performance.now();
      await send(agent, url, pushes[index]);
      latenciesMs[index] = performance.now() - startMs;
    }
  };
  try {
    await Promise.all(Array.from({ length: concurrency }, sendInTurn));
  } finally {
    agent.destroy();
  }
  return latenciesMs;
}

function send(agent: Agent, url: string, { target, contentType, body }: Push): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': contentType, 'content-length': body.length };
    const sent = request(url + target, { method: 'POST', agent, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('error', reject);
      response.on('end', () => {
        if (response.statusCode === 200) resolve();
        else reject(new Error(`push was answered ${response.statusCode}: ${text}`));
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
