// The catalogue: one declaration per file in lua/. Names and order are those of the file's header; a test
// holds the two together.
export * from './scripts/acting.js';
export * from './scripts/adding.js';
export * from './scripts/claiming.js';
export * from './scripts/examining.js';
export * from './scripts/family.js';
export * from './scripts/knowing.js';
export * from './scripts/listening.js';
export * from './scripts/looking.js';
export * from './scripts/noting.js';
export * from './scripts/reading.js';
export * from './scripts/registering.js';
export * from './scripts/reporting.js';
export * from './scripts/settling.js';
export * from './scripts/sweeping.js';
