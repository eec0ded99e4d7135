export { apiserver } from './run.ts';
export { type ApiServer, createServer, type ServerConfig } from './server.ts';
export { createTokens } from './auth/tokens.ts';
export { createMemoryStore } from './storage/memory/memory.ts';
