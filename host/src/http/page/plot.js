// A plot of rates over time, drawn by hand as SVG.

import { rate } from './dom.js';

const SVG = 'http://www.w3.org/2000/svg';
const WIDTH = 600;
const HEIGHT = 110;
const SECONDS = 60;

const shape = (name, attributes) => {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
};

/**
 * A plot of these series, each a class name with its color (`kept`). `add(time, counts)` takes counts that never fall, at a time in
 * milliseconds.
 */
export class Plot {
  constructor(place, series) {
    this.series = series;
    this.points = [];
    this.svg = shape('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', role: 'img' });
    for (const y of [0.5, HEIGHT / 2, HEIGHT - 0.5]) this.svg.append(shape('line', { class: 'axis', x1: 0, x2: WIDTH, y1: y, y2: y }));
    this.paths = series.map(name => {
      const paths = { area: shape('path', { class: `area ${name}` }), line: shape('path', { class: `line ${name}` }) };
      this.svg.append(paths.area, paths.line);
      return paths;
    });
    this.top = document.createElement('span');
    this.now = document.createElement('span');
    const scale = document.createElement('div');
    scale.className = 'scale';
    scale.append(this.top, this.now);
    place.replaceChildren(scale, this.svg);
  }

  /** The rates of now, a second. */
  get rates() {
    return this.points.at(-1)?.rates ?? this.series.map(() => 0);
  }

  add(time, counts) {
    const last = this.points.at(-1);
    if (last && time - last.time < 200) return;
    // Over the last two seconds, so that batches do not make teeth.
    const before = this.points.findLast(point => time - point.time >= 1900) ?? this.points[0];
    const seconds = before ? (time - before.time) / 1000 : 0;
    const rates = counts.map((count, at) => (seconds > 0 ? Math.max(0, count - before.counts[at]) / seconds : 0));
    this.points.push({ time, counts, rates });
    while (this.points.length > 2 && time - this.points[1].time > SECONDS * 1000) this.points.shift();
    this.draw(time);
  }

  draw(now) {
    const most = Math.max(1, ...this.points.flatMap(point => point.rates));
    const step = 10 ** Math.floor(Math.log10(most));
    const top = [1, 2, 5, 10].map(factor => factor * step).find(bound => bound >= most);
    const x = time => (WIDTH * (1 - (now - time) / (SECONDS * 1000))).toFixed(1);
    const y = value => (HEIGHT - 1 - (HEIGHT - 4) * (value / top)).toFixed(1);
    this.paths.forEach(({ area, line }, at) => {
      const points = this.points.slice(1).map(point => `${x(point.time)} ${y(point.rates[at])}`);
      if (points.length === 0) return;
      line.setAttribute('d', `M${points.join('L')}`);
      area.setAttribute('d', `M${x(this.points[1].time)} ${HEIGHT}L${points.join('L')}L${x(this.points.at(-1).time)} ${HEIGHT}Z`);
    });
    this.top.textContent = rate(top);
    this.now.textContent = `last ${SECONDS} s`;
    const said = this.series.map((name, at) => `${name} ${rate(this.rates[at])}`).join(', ');
    this.svg.setAttribute('aria-label', `Rows over the last ${SECONDS} seconds; now ${said}`);
  }
}
