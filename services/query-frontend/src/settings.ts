/** Settings of a tenant: what user interfaces keep between visits, as names and texts. */
import { changeDocument, readDocument } from '@flamelake/catalog';
import { type Clock, compareBytes, FlamelakeError, type ObjectStore, type Random } from '@flamelake/model';

export interface Setting {
  readonly name: string;
  readonly value: string;
  /** ms since 1970. */
  readonly modifiedAtMs: number;
}

export interface Settings {
  /** By name. */
  get(tenant: string): Promise<readonly Setting[]>;
  /**
   * @param setting - changed now where its time is 0 or less
   * @throws {FlamelakeError} `already_exists` when a newer one is stored, `invalid_argument` without a name
   */
  set(tenant: string, setting: Setting): Promise<Setting>;
  /** One that is not there is no error. */
  delete(tenant: string, name: string): Promise<void>;
}

export interface SettingsContext {
  readonly store: ObjectStore;
  readonly random: Random;
  readonly clock: Clock;
}

const SETTINGS_MAX = 1_000;

export function createSettings(context: SettingsContext): Settings {
  const { store, clock } = context;
  const document = (tenant: string) => ({ tenant, name: 'settings' });
  return {
    get: async (tenant) => settingsOf(await readDocument(store, document(tenant))),
    async set(tenant, { name, value, modifiedAtMs }) {
      if (name === '') throw new FlamelakeError('invalid_argument', 'setting has no name');
      const setting = { name, value, modifiedAtMs: modifiedAtMs > 0 ? modifiedAtMs : clock.nowMs() };
      await changeDocument(context, document(tenant), (stored) => replace(settingsOf(stored), setting));
      return setting;
    },
    async delete(tenant, name) {
      if (name === '') throw new FlamelakeError('invalid_argument', 'setting has no name');
      const stored = settingsOf(await readDocument(store, document(tenant)));
      if (!stored.some((one) => one.name === name)) return;
      await changeDocument(context, document(tenant), (now) => settingsOf(now).filter((one) => one.name !== name));
    },
  };
}

function replace(stored: readonly Setting[], setting: Setting): readonly Setting[] {
  const before = stored.find(({ name }) => name === setting.name);
  if (before !== undefined && before.modifiedAtMs > setting.modifiedAtMs) {
    throw new FlamelakeError('already_exists', 'setting was changed later than the change sent; read it again', {
      name: setting.name,
      storedAtMs: before.modifiedAtMs,
      sentAtMs: setting.modifiedAtMs,
    });
  }
  const others = stored.filter(({ name }) => name !== setting.name);
  if (others.length >= SETTINGS_MAX) {
    throw new FlamelakeError('resource_exhausted', 'tenant has too many settings', { limit: SETTINGS_MAX });
  }
  return [...others, setting].sort((a, b) => compareBytes(a.name, b.name));
}

function settingsOf(value: unknown): readonly Setting[] {
  return value === undefined ? [] : (value as readonly Setting[]);
}
