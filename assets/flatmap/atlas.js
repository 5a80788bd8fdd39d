// The flat cortex itself, the same for every map: it travels once, and maps refer to it.
const ATLAS = "cortexscaleAtlas";

function shared() {
  if (!globalThis[ATLAS]) {
    const atlas = { rasters: new Map() };
    atlas.ready = new Promise((resolve) => (atlas.resolve = resolve));
    globalThis[ATLAS] = atlas;
  }
  return globalThis[ATLAS];
}

async function inflate(text) {
  const packed = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).arrayBuffer();
}

export default async function ({ data }) {
  const atlas = shared();
  if (atlas.points) return;
  const [points, triangles, folds] = await Promise.all(
    [data.points, data.triangles, data.folds].map(inflate),
  );
  // Millimetres, x to the right and y upwards, packed into 16 bits.
  const packed = new Uint16Array(points);
  atlas.points = Float32Array.from(packed, (value, place) => {
    const [low, high] = place % 2 ? data.y : data.x;
    return low + (value / 65535) * (high - low);
  });
  atlas.triangles = new Uint16Array(triangles);
  atlas.folds = new Uint8Array(folds);
  atlas.greys = data.greys;
  atlas.box = { x: data.x, y: data.y };
  atlas.regions = data.regions;
  atlas.within = new Map();
  data.regions.forEach((region, place) => {
    for (const target of region.targets) {
      atlas.within.set(target, [...(atlas.within.get(target) ?? []), place]);
    }
  });
  atlas.resolve(atlas);
}
