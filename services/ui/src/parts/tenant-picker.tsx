/** Says whose data is looked at, on a server of several tenants. Their names are nobody's to list: those named here before are offered. */
import { useState } from 'react';
import { usePage } from './page.ts';

const KEY = 'flamelake.tenants';
const KEPT_MAX = 20;

export function TenantPicker() {
  const { state, go } = usePage();
  const [typed, setTyped] = useState<string | undefined>(undefined);
  return (
    <form
      className="tenant"
      onSubmit={(event) => {
        event.preventDefault();
        const tenant = (typed ?? state.tenant).trim();
        keepTenant(tenant);
        setTyped(undefined);
        go({ tenant, focus: [], profile: '', file: '', rightFile: '' });
      }}
    >
      <label>
        Tenant{' '}
        <input list="tenants" value={typed ?? state.tenant} onChange={(event) => setTyped(event.currentTarget.value)} />
      </label>
      <datalist id="tenants">
        {keptTenants().map((tenant) => (
          <option key={tenant} value={tenant} />
        ))}
      </datalist>
      <button type="submit">Switch</button>
    </form>
  );
}

function keptTenants(): readonly string[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? '[]');
    return Array.isArray(kept) ? kept.filter((one) => typeof one === 'string') : [];
  } catch {
    return [];
  }
}

function keepTenant(tenant: string): void {
  if (tenant === '') return;
  try {
    const kept = [tenant, ...keptTenants().filter((one) => one !== tenant)].slice(0, KEPT_MAX);
    localStorage.setItem(KEY, JSON.stringify(kept));
  } catch {
    // Full, or forbidden: then nothing is kept.
  }
}
