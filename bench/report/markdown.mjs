// The little Markdown that questions are written in, as HTML: paragraphs, lists, `code`, **bold**, [links](…).
import { escaped } from './draw.mjs';

/** @param {string} source */
export function htmlOf(source) {
  return source
    .trim()
    .split(/\n{2,}/)
    .map(block)
    .join('\n');
}

/** @param {string} source */
function block(source) {
  if (source === '') return '';
  const lines = source.split('\n');
  if (!lines[0].startsWith('- ')) return `<p>${inline(lines.join(' '))}</p>`;
  const items = source.split(/^- /m).slice(1);
  const rows = items.map((item) => `<li>${inline(item.trim().replaceAll(/\s*\n\s*/g, ' '))}</li>`);
  return `<ul>${rows.join('')}</ul>`;
}

/** Code first: nothing inside of it means anything else. @param {string} source */
function inline(source) {
  return source
    .split(/(`[^`]+`)/)
    .map((part, at) => (at % 2 === 1 ? `<code>${escaped(part.slice(1, -1))}</code>` : marked(part)))
    .join('');
}

/** @param {string} source */
function marked(source) {
  return escaped(source)
    .replaceAll(/\[([^\]]+)\]\(([^)\s]+)\)/g, '<a href="$2">$1</a>')
    .replaceAll(/\*\*([^*]+)\*\*/g, '<strong>$1</strong>');
}
