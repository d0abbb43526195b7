/**
 * The kinds of the Prometheus operator, by its own Go types: the descriptions of its custom resources are not to be had as a
 * Go module, the types are. A program that decodes strictly says what they do not take.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { install } from './install.ts';

const VERSION = 'v0.92.0';
const MODULE = 'github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring';

export const installMonitoringKinds = () =>
  install(`monitoring-kinds-${VERSION}`, async (folder) => {
    writeFileSync(`${folder}/go.mod`, `module decode\n\ngo 1.24\n\nrequire ${MODULE} ${VERSION}\n`);
    writeFileSync(`${folder}/main.go`, PROGRAM);
    const env = { ...process.env, GOFLAGS: '-mod=mod -p=2' };
    await promisify(execFile)('go', ['build', '-o', 'decode', '.'], { cwd: folder, env, maxBuffer: 2 ** 26 });
  });

/** @returns what is wrong with the manifest, in Go's words; empty when nothing is */
export async function decodeStrictly(folder: string, kind: string, manifest: object): Promise<string> {
  const program = spawn(`${folder}/decode`, [kind]);
  program.stdin.end(JSON.stringify(manifest));
  const [words] = await Promise.all([text(program.stderr), once(program, 'close')]);
  return words;
}

const PROGRAM = `package main

import (
	"encoding/json"
	"fmt"
	"os"

	monitoring "${MODULE}/v1"
)

func main() {
	kinds := map[string]any{"ServiceMonitor": &monitoring.ServiceMonitor{}, "PrometheusRule": &monitoring.PrometheusRule{}}
	decoder := json.NewDecoder(os.Stdin)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(kinds[os.Args[1]]); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
}
`;
