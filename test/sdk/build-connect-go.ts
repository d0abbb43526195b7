/** The program of `connect-go/`, with a client that buf and connect-go generate from our .proto files. */
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { install, runFile, SDK_CACHE, SDK_SOURCES } from './install.ts';

const BUF = new URL('../../node_modules/.bin/buf', import.meta.url).pathname;
const PROTOS = new URL('../../protos', import.meta.url).pathname;
const GENERATORS = ['google.golang.org/protobuf/cmd/protoc-gen-go', 'connectrpc.com/connect/cmd/protoc-gen-connect-go'];

/** @returns where the built program is */
export async function buildConnectGo(): Promise<string> {
  const program = join(SDK_CACHE, 'connect-go');
  const generators = join(SDK_CACHE, 'connect-go-generators/');
  const source = join(SDK_CACHE, 'connect-go-source');
  await install(async () => {
    rmSync(source, { recursive: true, force: true });
    cpSync(join(SDK_SOURCES, 'connect-go'), source, { recursive: true });
    await runFile('go', ['build', '-o', generators, ...GENERATORS], { cwd: source });
    const paths = ['querier', 'types', 'google'].flatMap((name) => ['--path', join(PROTOS, name)]);
    await runFile(BUF, ['generate', PROTOS, '--template', 'buf.gen.yaml', ...paths], {
      cwd: source,
      env: { ...process.env, PATH: `${generators}:${process.env.PATH}` },
    });
    await runFile('go', ['build', '-o', program, '.'], { cwd: source });
  });
  return program;
}
