/**
 * CPU time of a server for a push of 30 KB, ours against connect-node and grpc-js: `node unary.bench.ts`.
 * Each server is a process of its own (this file with its name as argument); eight calls are in flight.
 */
import { fork } from 'node:child_process';
import { Agent, createServer as createHttp, request as httpRequest } from 'node:http';
import { connect, createServer as createHttp2 } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { PusherService, PushRequestSchema } from './gen/push/v1/push_pb.js';
import { decodePushRequest, encodeMessage, encodePushResponse, PUSH_PATH, unaryMethod } from './index.ts';
import { grpcFrame, http2Request, startTestServer, withSession } from './server.test-support.ts';

const CALLS = 4000;
const IN_FLIGHT = 8;
const rawProfile = Uint8Array.from({ length: 30_000 }, (_, i) => (i * i) >> 3);
const push = encodeMessage(
  PushRequestSchema,
  { series: [{ labels: [{ name: 'a', value: 'b' }], samples: [{ rawProfile }] }] },
  'proto',
);

const servers: Record<string, () => Promise<number>> = {
  async ours() {
    const method = unaryMethod({
      path: PUSH_PATH,
      decode: decodePushRequest,
      handle: () => Promise.resolve(),
      encode: (_, form) => encodePushResponse(form),
    });
    return (await startTestServer({ methods: [method] })).port;
  },
  'connect-node': () => listen(createHttp(adapter())),
  'connect-node over h2c': () => listen(createHttp2(adapter())),
  'grpc-js': () => {
    const server = new Server();
    const bytes = (message: Uint8Array) => Buffer.from(message);
    const method = { path: PUSH_PATH, requestStream: false, responseStream: false, responseSerialize: bytes };
    const codec = {
      requestSerialize: bytes,
      requestDeserialize: (body: Buffer) => decodePushRequest(body, 'proto'),
      responseDeserialize: bytes,
    };
    server.addService(
      { Push: { ...method, ...codec } },
      {
        Push: (_: unknown, answer: (error: null, message: Uint8Array) => void) => answer(null, new Uint8Array(0)),
      },
    );
    return new Promise((resolve) => {
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (_, port) => resolve(port));
    });
  },
};

function adapter(): ReturnType<typeof connectNodeAdapter> {
  return connectNodeAdapter({ routes: (router) => router.service(PusherService, { push: () => ({}) }) });
}

function listen(server: ReturnType<typeof createHttp> | ReturnType<typeof createHttp2>): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

/** @returns CPU microseconds a call, MB resident after it */
async function measure(name: string, isGrpc: boolean): Promise<{ micros: number; megabytes: number }> {
  const child = fork(import.meta.filename, [name]);
  const answer = <T>() => new Promise<T>((resolve) => child.once('message', (message) => resolve(message as T)));
  const port = await answer<number>();
  const usage = () => {
    const answered = answer<{ micros: number; megabytes: number }>();
    child.send('usage');
    return answered;
  };
  const many = async (call: () => Promise<void>) => {
    let left = CALLS;
    const worker = async () => {
      while (left-- > 0) await call();
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
  };
  const run = async (call: () => Promise<void>) => {
    await many(call);
    const before = await usage();
    await many(call);
    const { micros, megabytes } = await usage();
    return { micros: (micros - before.micros) / CALLS, megabytes };
  };
  const agent = new Agent({ keepAlive: true });
  try {
    if (!isGrpc) return await run(() => postOnce(agent, port));
    const headers = { ':path': PUSH_PATH, 'content-type': 'application/grpc', te: 'trailers' };
    return await withSession(port, (session: ReturnType<typeof connect>) =>
      run(async () => {
        const { trailers } = await http2Request(session, headers, grpcFrame(push));
        if (trailers['grpc-status'] !== '0') throw new Error('call failed');
      }),
    );
  } finally {
    agent.destroy();
    child.kill();
  }
}

function postOnce(agent: Agent, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/proto', 'content-length': push.length };
    const options = { agent, port, host: '127.0.0.1', path: PUSH_PATH, method: 'POST', headers };
    const request = httpRequest(options, (response) => {
      response.resume().on('end', () => (response.statusCode === 200 ? resolve() : reject(new Error('call failed'))));
    });
    request.on('error', reject).end(push);
  });
}

const [, , served] = process.argv;
if (served === undefined) {
  const peers = { Connect: ['connect-node'], gRPC: ['connect-node over h2c', 'grpc-js'] };
  for (const [protocol, names] of Object.entries(peers)) {
    const ours = await measure('ours', protocol === 'gRPC');
    for (const name of names) {
      const peer = await measure(name, protocol === 'gRPC');
      const [micros, megabytes] = [ours.micros / peer.micros, ours.megabytes / peer.megabytes].map((ratio) =>
        ratio.toFixed(2),
      );
      console.log(
        `${protocol}, ours: ${ours.micros.toFixed(0)} µs, ${ours.megabytes.toFixed(0)} MB; ${name}: ${peer.micros.toFixed(0)} µs, ${peer.megabytes.toFixed(0)} MB; ratio ${micros}, ${megabytes}`,
      );
    }
  }
} else {
  process.on('message', () => {
    const { user, system } = process.cpuUsage();
    process.send?.({ micros: user + system, megabytes: process.memoryUsage.rss() / 1e6 });
  });
  process.send?.(await servers[served]());
}
