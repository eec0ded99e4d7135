export { createTokens } from './auth/tokens.ts';
export { apiserver } from './run.ts';
export { type ApiServer, createServer, type ServerConfig } from './server.ts';
export { createMemoryStore } from './storage/memory/memory.ts';
export { createSqliteStore } from './storage/sqlite/sqlite.ts';
