/** Helm, and what checks what it renders: kubeconform against schemas made of the APIs' own descriptions, without a network. */
import { execFile } from 'node:child_process';
import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { parseAllDocuments } from 'yaml';
import { type Installed, install, installGo } from './install.ts';
import { type CustomDefinition, crdSchemas, type JsonSchema, swaggerSchemas } from './kube-schemas.ts';

export const KUBERNETES = '1.36.3';
const HELM = 'v3.22.0';
const KUBECONFORM = 'v0.8.0';
/** Modules whose custom resources the chart makes, and where they describe them. */
const CUSTOM = [
  ['sigs.k8s.io/gateway-api@v1.4.0', 'config/crd/standard/*.yaml'],
  ['github.com/kedacore/keda/v2@v2.18.1', 'config/crd/bases/*.yaml'],
  [
    'github.com/prometheus-operator/prometheus-operator@v0.92.0',
    'example/prometheus-operator-crd/*_{podmonitors,prometheusrules,servicemonitors}.yaml',
  ],
] as const;
/** Other versions are other schemas. */
const VERSIONS = [KUBERNETES, ...CUSTOM.map(([module]) => module.replace(/^.*@v/, ''))].join('-');
const runFile = promisify(execFile);

export const installHelm = () => installGo(`helm-${HELM}`, `helm.sh/helm/v3/cmd/helm@${HELM}`);
export const installKubeconform = () =>
  installGo(`kubeconform-${KUBECONFORM}`, `github.com/yannh/kubeconform/cmd/kubeconform@${KUBECONFORM}`);

/** A folder of schemas by kind, group and version. */
export function installKubeSchemas(): Promise<Installed> {
  return install(`kube-schemas-${VERSIONS}`, async (folder) => {
    const swagger = `${await download(`k8s.io/kubernetes@v${KUBERNETES}`)}/api/openapi-spec/swagger.json`;
    write(folder, swaggerSchemas(JSON.parse(readFileSync(swagger, 'utf8'))));
    for (const definition of await customDefinitions()) write(folder, crdSchemas(definition));
  });
}

/** What describes the custom resources that the chart makes, as their projects publish it. */
export async function customDefinitions(): Promise<readonly CustomDefinition[]> {
  const found: CustomDefinition[] = [];
  for (const [module, pattern] of CUSTOM) {
    for (const file of globSync(`${await download(module)}/${pattern}`)) {
      const documents = parseAllDocuments(readFileSync(file, 'utf8')).map(
        (one) => one.toJS() as CustomDefinition | null,
      );
      found.push(...documents.filter((one) => one !== null).filter(({ kind }) => kind === 'CustomResourceDefinition'));
    }
  }
  return found;
}

/** Where Go keeps a module's files. */
async function download(module: string): Promise<string> {
  const { stdout } = await runFile('go', ['mod', 'download', '-json', module], { maxBuffer: 2 ** 26 });
  return (JSON.parse(stdout) as { Dir: string }).Dir;
}

function write(folder: string, schemas: ReadonlyMap<string, JsonSchema>): void {
  mkdirSync(folder, { recursive: true });
  for (const [name, schema] of schemas) writeFileSync(`${folder}/${name}.json`, JSON.stringify(schema));
}
