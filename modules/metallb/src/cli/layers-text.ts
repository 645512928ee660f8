import type { Layer } from './frame-layers.ts';
import type { Paint } from './paint.ts';
import { alignTable } from './table.ts';

/** Frames as lines, one field each, an empty line between frames. */
export function formatFrames(frames: readonly (readonly Layer[])[], paint: Paint): string[] {
  return frames.flatMap((layers, index) => [
    ...(index === 0 ? [] : ['']),
    ...layers.flatMap((layer) => formatLayer(layer, paint)),
  ]);
}

function formatLayer({ protocol, fields }: Layer, paint: Paint): string[] {
  const rows = Object.entries(fields).map(([name, value]) => [`  ${name}`, String(value)]);
  return [paint('heading', protocol), ...alignTable(rows)];
}
