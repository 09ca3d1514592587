// Options of a job as they are read from its record, which somebody else may have written: only what would break whoever runs or reads the
// job is looked at. What an older or newer version has stored is taken.
import { isObject } from './checks.js';

function isNumber(value: unknown): boolean {
  return typeof value === 'number' && value >= 0;
}

function isNumberOrNone(value: unknown): boolean {
  return value === undefined || isNumber(value);
}

function isRetention(value: unknown): boolean {
  if (isObject(value)) return isNumberOrNone(value.age) && isNumberOrNone(value.count);
  return typeof value === 'boolean' || isNumber(value);
}

function isBackoff(value: unknown): boolean {
  if (Array.isArray(value)) return value.every(isNumber);
  if (!isObject(value)) return isNumber(value);
  const { type, delay, jitter } = value;
  return typeof type === 'string' && isNumberOrNone(delay) && isNumberOrNone(jitter);
}

function isParent(value: unknown): boolean {
  return isObject(value) && typeof value.id === 'string' && typeof value.queue === 'string';
}

function isParents(value: unknown): boolean {
  return Array.isArray(value) && value.every(isParent);
}

const forms: Readonly<Record<string, (value: unknown) => boolean>> = {
  delay: isNumber,
  attempts: isNumber,
  timeout: isNumber,
  ttl: isNumber,
  keepLogs: isNumber,
  backoff: isBackoff,
  removeOnComplete: isRetention,
  removeOnFail: isRetention,
  dependsOn: isParents,
  onParentFailure: (value) => typeof value === 'string',
  description: (value) => typeof value === 'string',
  meta: isObject,
};

/** Throws TypeError for options that nobody could act on. */
export function checkStoredOptions(options: unknown): void {
  if (!isObject(options)) throw new TypeError('its options are no object');
  for (const option of Object.keys(options))
    if (Object.hasOwn(forms, option) && !forms[option]?.(options[option]))
      throw new TypeError(`its option ${option} is none`);
}
