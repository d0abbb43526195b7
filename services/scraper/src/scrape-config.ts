/** What to scrape, as the file says: one job a member of `scrape-configs`, in the words of the old Pyroscope server. */
import type { Relabeller } from '@flamelake/model';

/** Labels by name, private ones (`__address__`) included. */
export type LabelMap = Readonly<Record<string, string>>;

/** How requests are made. */
export interface ClientSettings {
  readonly basicAuth:
    | { readonly username: string; readonly password: string; readonly passwordFile: string }
    | undefined;
  /** `Authorization: <type> <credentials>`; a file is read at each request. */
  readonly authorization:
    | { readonly type: string; readonly credentials: string; readonly credentialsFile: string }
    | undefined;
  readonly tls: {
    readonly caFile: string;
    readonly certFile: string;
    readonly keyFile: string;
    readonly serverName: string;
    readonly insecureSkipVerify: boolean;
  };
  readonly followRedirects: boolean;
}

export interface ProfileSettings {
  /** As in the file: `cpu`, `mem`, or a name of the user's own. */
  readonly kind: string;
  /** `__name__` of its series. */
  readonly profileName: string;
  readonly isEnabled: boolean;
  readonly path: string;
  readonly params: Readonly<Record<string, string>>;
  /** Sample types that count from the start of the process: what is stored is their change. */
  readonly cumulative: readonly string[];
}

export interface TargetGroup {
  /** `host:port`. */
  readonly targets: readonly string[];
  readonly labels: LabelMap;
}

export interface FileDiscovery {
  /** The last part of a path may have `*`. */
  readonly files: readonly string[];
}

export interface HttpDiscovery {
  readonly url: string;
  readonly refreshMs: number;
  readonly client: ClientSettings;
}

export interface KubernetesDiscovery {
  /** None: all. */
  readonly namespaces: readonly string[];
  readonly ownNamespace: boolean;
  /** As the API takes them; '' for none. */
  readonly labelSelector: string;
  readonly fieldSelector: string;
  /** '': the service account of the pod this runs in. */
  readonly kubeconfigFile: string;
  readonly refreshMs: number;
  /** Targets are those that `profiles.grafana.com/*` asks for, instead of every port. */
  readonly usesAnnotations: boolean;
}

export interface ScrapeJob {
  readonly name: string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly scheme: 'http' | 'https';
  /** Bytes of one answer, as sent; 0: the server's limit. */
  readonly bodyBytesMax: number;
  readonly profiles: readonly ProfileSettings[];
  readonly staticGroups: readonly TargetGroup[];
  readonly files: readonly FileDiscovery[];
  readonly http: readonly HttpDiscovery[];
  readonly kubernetes: readonly KubernetesDiscovery[];
  readonly relabel: Relabeller;
  readonly client: ClientSettings;
}
