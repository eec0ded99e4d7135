export { createEtcdStore, type EtcdStoreOptions } from './etcd/etcd.ts';
export { createMemoryStore, type MemoryStoreOptions } from './memory/memory.ts';
export { createSqliteStore, type SqliteStoreOptions } from './sqlite/sqlite.ts';
export * from './types.ts';
