/** How programs send a first profile, by language. */

export interface Snippet {
  readonly language: string;
  readonly text: string;
}

/**
 * @param url - of this server
 * @param tenant - empty when the server has but one
 */
export function snippetsFor(url: string, tenant: string): readonly Snippet[] {
  const header = tenant === '' ? '' : ` -H "X-Scope-OrgID: ${tenant}"`;
  const environment = tenant === '' ? '' : `PYROSCOPE_TENANT_ID=${tenant} `;
  const go = tenant === '' ? '' : `\n    TenantID:        "${tenant}",`;
  const node = tenant === '' ? '' : `, tenantID: '${tenant}'`;
  const python = tenant === '' ? '' : `, tenant_id="${tenant}"`;
  const rust = tenant === '' ? '' : `\n    .tenant_id("${tenant}".to_string())`;
  const alloy = tenant === '' ? '' : `\n    headers = { "X-Scope-OrgID" = "${tenant}" }`;
  return [
    {
      language: 'Go',
      text: `// go get github.com/grafana/pyroscope-go
pyroscope.Start(pyroscope.Config{
    ApplicationName: "my.app",
    ServerAddress:   "${url}",${go}
})`,
    },
    {
      language: 'Java',
      text: `# io.pyroscope:agent from Maven Central, as pyroscope.jar
PYROSCOPE_APPLICATION_NAME=my.app PYROSCOPE_SERVER_ADDRESS=${url} PYROSCOPE_FORMAT=jfr \\
  ${environment}java -javaagent:pyroscope.jar -jar my-app.jar`,
    },
    {
      language: 'Python',
      text: `# pip install pyroscope-io
import pyroscope
pyroscope.configure(application_name="my.app", server_address="${url}"${python})`,
    },
    {
      language: 'Node.js',
      text: `// npm install @pyroscope/nodejs
const Pyroscope = require('@pyroscope/nodejs');
Pyroscope.init({ serverAddress: '${url}', appName: 'my-app'${node} });
Pyroscope.start();`,
    },
    {
      language: 'Rust',
      text: `// cargo add pyroscope --features backend-pprof-rs
let backend = pyroscope::backend::pprof_backend(Default::default(), Default::default());
let agent = pyroscope::pyroscope::PyroscopeAgentBuilder::new(
    "${url}", "my.app", 100, "pyroscope-rs", "2", backend)${rust}
    .build()?.start()?;`,
    },
    {
      language: 'Alloy',
      text: `pyroscope.write "flamelake" {
  endpoint {
    url = "${url}"${alloy}
  }
}
pyroscope.scrape "apps" {
  targets    = [{ "__address__" = "localhost:6060", "service_name" = "my.app" }]
  forward_to = [pyroscope.write.flamelake.receiver]
}`,
    },
    {
      language: 'Any pprof file',
      text: `curl${header} --data-binary @cpu.pb.gz "${url}/ingest?format=pprof&name=my.app&from=$(date +%s)"`,
    },
  ];
}
