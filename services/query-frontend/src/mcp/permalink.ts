/** Addresses of the web app that show what an answer says. */

/** What the page shows; names are those of the web app's addresses. */
export interface PageQuery {
  readonly type: string;
  readonly selector: string;
  /** ms since 1970. */
  readonly from: string;
  readonly until: string;
  readonly rightSelector?: string;
  readonly rightFrom?: string;
  readonly rightUntil?: string;
  readonly groupBy?: string;
  readonly pane?: 'table' | 'sandwich';
  /** Function of the sandwich. */
  readonly about?: string;
  /** Said where there are several tenants. */
  readonly tenant?: string;
}

/** @param base - scheme and host as the client knows them */
export function permalink(base: string, path: '/explore' | '/labels' | '/comparison', query: PageQuery): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) parameters.set(name, String(value));
  return `${base}${path}?${parameters.toString()}`;
}
