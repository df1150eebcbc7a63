// Live charts of report.html: memory over time, one chart a cell. The data
// stand in the page as JSON (see curve.go); names reach the page as text only.
(() => {
'use strict';
const root = document.documentElement;
const failed = (what) => { root.dataset.error = String(what); };
addEventListener('error', (e) => failed(e.message));
addEventListener('unhandledrejection', (e) => failed(e.reason));

const charts = [];
const seconds = 1e-4, kib = 1024;

// colour reads one of the style's colours, as the theme has it now.
const colour = (name) => getComputedStyle(root).getPropertyValue(name).trim();

function element(tag, text, parent) {
	const e = document.createElement(tag);
	if (text) e.textContent = text;
	if (parent) parent.append(e);
	return e;
}

// decode undoes the differences of curve.go; it runs once a curve.
function decode(trial) {
	if (trial.x) return trial;
	const sum = (steps, unit) => { let v = 0; return steps.map((d) => (v += d) * unit); };
	trial.x = sum(trial.t, seconds);
	trial.y = sum(trial.rss, kib);
	trial.l = trial.live ? sum(trial.live, kib) : null;
	trial.sx = trial.said ? sum(trial.said_t, seconds) : null;
	trial.s = trial.said ? sum(trial.said, kib) : null;
	return trial;
}

function bytes(n) {
	if (n == null) return '–';
	const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
	let i = 0;
	while (Math.abs(n) >= 1024 && i < units.length - 1) { n /= 1024; i++; }
	const digits = n >= 100 || i === 0 ? 0 : n >= 10 ? 1 : 2;
	return n.toFixed(digits) + ' ' + units[i];
}

function time(s) {
	if (s < 1) return (s * 1e3).toFixed(1) + ' ms';
	return s.toFixed(s < 100 ? 2 : 1) + ' s';
}

// value is the height of a curve at a time, between two samples on the line.
function value(x, y, at) {
	if (!y || at < x[0] || at > x[x.length - 1]) return null;
	let low = 0, high = x.length - 1;
	while (high - low > 1) {
		const middle = (low + high) >> 1;
		if (x[middle] <= at) low = middle; else high = middle;
	}
	if (x[high] === x[low]) return y[high];
	return y[low] + (y[high] - y[low]) * (at - x[low]) / (x[high] - x[low]);
}

// steps between ticks: round numbers of a binary unit.
const sizes = [];
for (let unit = 1; unit <= 2 ** 40; unit *= 1024) {
	for (const n of [1, 2, 5, 10, 20, 50, 100, 200, 500]) sizes.push(n * unit);
}

class Chart {
	constructor(box) {
		this.box = box;
		this.data = JSON.parse(document.getElementById(box.dataset.of).textContent);
		this.variants = this.data.variants.filter((v) => v.trials.length > 0);
		this.on = this.variants.map(() => true);
		this.live = true;
		this.claims = this.variants.some((v) => v.trials.some((t) => t.said)); // in place of live bytes, of a program
		this.round = 0; // 0: the median trial of each; -1: all
		this.controls();
		this.plot = element('div', '', box);
		this.plot.className = 'plot';
		this.keys();
		const none = this.data.variants.filter((v) => v.trials.length === 0).map((v) => v.name);
		if (none.length) element('p', 'No trial that counts: ' + none.join(', ') + '.', box).className = 'note';
		this.draw();
	}

	controls() {
		const bar = element('div', '', this.box);
		bar.className = 'tools';
		const button = (text, name, act) => {
			const b = element('button', text, bar);
			b.type = 'button';
			b.title = name;
			b.setAttribute('aria-label', name);
			b.addEventListener('click', act);
		};
		button('+', 'zoom in', () => this.zoom(0.5, 0));
		button('−', 'zoom out', () => this.zoom(2, 0));
		button('◀', 'earlier', () => this.zoom(1, -0.5));
		button('▶', 'later', () => this.zoom(1, 0.5));
		button('whole', 'show the whole time', () => this.reset());
		button('work', 'show the time until all is freed', () => this.work());
		const label = element('label', 'trial ', bar);
		const select = element('select', '', label);
		const rounds = [...new Set(this.variants.flatMap((v) => v.trials.map((t) => t.round)))].sort((a, b) => a - b);
		const choices = [[0, 'in the middle']];
		if (this.variants.some((v) => v.trials.length > 1)) choices.push([-1, 'all'], ...rounds.map((r) => [r, 'of round ' + r]));
		for (const [v, text] of choices) element('option', text, select).value = v;
		select.addEventListener('change', () => { this.round = Number(select.value); this.draw(); });
		const hint = element('span', 'Drag to zoom, double-click for the whole.', bar);
		hint.className = 'hint';
	}

	// keys is the legend: what is shown, and its value under the pointer.
	keys() {
		const scroll = element('div', '', this.box);
		scroll.className = 'scroll';
		const table = element('table', '', scroll);
		table.className = 'keys';
		const head = element('tr', '', element('thead', '', table));
		this.when = element('th', 'Resident memory', head);
		this.when.scope = 'col';
		for (const name of ['RSS', this.claims ? 'allocated' : 'live', 'at idle', 'purged']) {
			const th = element('th', name, head);
			th.scope = 'col';
			th.className = 'n';
		}
		const body = element('tbody', '', table);
		this.cells = this.variants.map((v, i) => {
			const row = element('tr', '', body);
			const name = element('th', '', row);
			name.scope = 'row';
			this.toggle(name, v.name, v, (on) => { this.on[i] = on; row.classList.toggle('off', !on); this.draw(); });
			return ['rss', 'live', 'idle', 'purged'].map(() => { const td = element('td', '–', row); td.className = 'n'; return td; });
		});
		if (this.variants.some((v) => v.trials.some((t) => t.live))) {
			const row = element('tr', '', body);
			const name = element('th', '', row);
			name.scope = 'row';
			this.toggle(name, 'live bytes, thin', null, (on) => { this.live = on; this.draw(); });
			element('td', 'asked for and still held', row).colSpan = 4;
		}
		if (this.claims) {
			const row = element('tr', '', body);
			const name = element('th', '', row);
			name.scope = 'row';
			this.toggle(name, 'allocated, dotted', null, (on) => { this.live = on; this.draw(); });
			element('td', "the allocator's own count; discs: asked at marks only", row).colSpan = 4;
		}
	}

	toggle(parent, text, variant, act) {
		const label = element('label', '', parent);
		const box = element('input', '', label);
		box.type = 'checkbox';
		box.checked = true;
		box.addEventListener('change', () => act(box.checked));
		const ns = 'http://www.w3.org/2000/svg';
		const svg = document.createElementNS(ns, 'svg');
		const line = document.createElementNS(ns, 'line');
		for (const [k, v] of Object.entries({ width: 26, height: 10 })) svg.setAttribute(k, v);
		svg.setAttribute('aria-hidden', 'true');
		for (const [k, v] of Object.entries({ x1: 0, x2: 26, y1: 5, y2: 5 })) line.setAttribute(k, v);
		line.style.stroke = variant ? `var(${variant.colour})` : 'var(--weak)';
		line.style.strokeWidth = variant ? 3 : 1;
		if (variant && variant.dashes) line.style.strokeDasharray = variant.dashes.join(' ');
		svg.append(line);
		label.append(svg);
		element('span', text, label);
	}

	// shown are the curves of a variant that the choice of rounds asks for.
	shown(v) {
		if (this.round === -1) return v.trials.map(decode);
		const t = this.round === 0 ? v.trials.find((t) => t.median) : v.trials.find((t) => t.round === this.round);
		return t ? [decode(t)] : [];
	}

	// draw makes the chart anew: uPlot has no way to change its curves.
	draw() {
		const range = this.u && this.zoomed ? { min: this.u.scales.x.min, max: this.u.scales.x.max } : null;
		if (this.u) this.u.destroy();
		const tables = [], series = [{}];
		this.curves = [];
		this.variants.forEach((v, i) => {
			const trials = this.shown(v);
			const first = trials.find((t) => t.median) || trials[0];
			const mark = first && first.marks.find((m) => m.name === 'idle');
			this.cells[i][2].textContent = mark ? bytes(mark.rss * kib) : '–';
			this.cells[i][3].textContent = first && first.purged != null ? bytes(first.purged * kib) : '–';
			if (!this.on[i]) return;
			for (const t of trials) {
				const strong = t === first;
				this.curves.push({ index: i, trial: t, strong });
				tables.push([t.x, t.y]);
				series.push({ stroke: colour(v.colour), width: strong ? 2 : 0.7, dash: v.dashes, spanGaps: true, points: { show: false } });
				if (this.live && t.l && strong) {
					tables.push([t.x, t.l]);
					series.push({ stroke: colour(v.colour), width: 0.8, dash: v.dashes, spanGaps: true, points: { show: false } });
				}
				if (this.live && t.s && strong) {
					tables.push([t.sx, t.s]);
					series.push(t.asked
						? { stroke: colour(v.colour), width: 1.2, dash: [1, 3], spanGaps: true, points: { show: false } }
						: { stroke: colour(v.colour), paths: () => null, points: { show: true, size: 6, fill: colour(v.colour) } });
				}
			}
		});
		const data = tables.length ? uPlot.join(tables) : [[0, 1]];
		const last = Math.max(1e-3, ...this.curves.map((c) => c.trial.x[c.trial.x.length - 1]));
		this.whole = { min: 0, max: last * 1.01 };
		this.u = new uPlot(this.options(series), data, this.plot);
		this.u.setScale('x', range || this.whole);
		this.zoomed = !!range;
		this.hover();
	}

	options(series) {
		const ink = colour('--weak'), grid = { stroke: colour('--line'), width: 1 };
		const font = '12px system-ui, Arial, sans-serif';
		return {
			...this.size(),
			series,
			legend: { show: false },
			padding: [34, 14, 0, 0], // above: the names of marks
			cursor: { points: { show: false }, y: false, drag: { x: true, y: false, setScale: true } },
			scales: { x: { time: false }, y: { range: (u, min, max) => [0, Math.max(max || 0, 4096) * 1.05] } },
			axes: [
				{ stroke: ink, grid, ticks: grid, font, size: 34, values: (u, all) => this.times(all) },
				{ stroke: ink, grid, ticks: grid, font, size: 84, incrs: sizes, values: (u, all) => this.sizes(all) },
			],
			hooks: {
				draw: [(u) => this.marks(u)],
				setCursor: [() => this.hover()],
				setScale: [(u, key) => {
					if (key === 'x') this.zoomed = u.scales.x.min > this.whole.min + 1e-9 || u.scales.x.max < this.whole.max - 1e-9;
				}],
				ready: [(u) => u.over.addEventListener('dblclick', () => this.reset())],
			},
		};
	}

	times(all) {
		const step = all.length > 1 ? all[1] - all[0] : 1;
		const last = all[all.length - 1];
		const ms = last < 1;
		let digits = 0; // as many as tell a step in full
		for (let n = ms ? step * 1e3 : step; digits < 6 && Math.abs(n - Math.round(n)) > 1e-6; n *= 10) digits++;
		return all.map((v) => (ms ? v * 1e3 : v).toFixed(digits) + (ms ? ' ms' : ' s'));
	}

	sizes(all) {
		const top = all[all.length - 1];
		const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
		let i = 0, unit = 1;
		while (top / unit >= 2048 && i < units.length - 1) { unit *= 1024; i++; }
		return all.map((v) => Number((v / unit).toFixed(2)) + ' ' + units[i]);
	}

	size() {
		const width = Math.max(240, this.plot.clientWidth || this.box.clientWidth);
		return { width, height: width < 560 ? 280 : 380 };
	}

	// marks draws the instants at which the lab looked: one line where all
	// curves agree, else a short one of its own for each; and a ring where a
	// purge brought the memory.
	marks(u) {
		const c = u.ctx, dpr = devicePixelRatio || 1;
		const { left, top, width, height } = u.bbox;
		const strong = this.curves.filter((k) => k.strong);
		c.save();
		c.beginPath();
		c.rect(left, top, width, height);
		c.clip();
		c.font = 11 * dpr + 'px system-ui, Arial, sans-serif';
		c.fillStyle = colour('--weak');
		c.lineWidth = dpr;
		const span = u.scales.x.max - u.scales.x.min;
		const names = [];
		for (const name of ['hold', 'freed', 'idle']) {
			const at = strong.flatMap((k) => k.trial.marks.filter((m) => m.name === name).map((m) => ({ t: m.t, index: k.index })));
			if (!at.length) continue;
			const first = Math.min(...at.map((m) => m.t)), end = Math.max(...at.map((m) => m.t));
			const together = end - first < span / 60;
			c.setLineDash([3 * dpr, 3 * dpr]);
			const line = (t, ink, from) => {
				const x = Math.round(u.valToPos(t, 'x', true));
				c.strokeStyle = ink;
				c.beginPath();
				c.moveTo(x, from);
				c.lineTo(x, top + height);
				c.stroke();
			};
			if (together) line((first + end) / 2, colour('--weak'), top);
			else for (const m of at) line(m.t, colour(this.variants[m.index].colour), top + height * 0.72);
			const x = u.valToPos(together ? (first + end) / 2 : first, 'x', true);
			if (x >= left - 1 && x <= left + width + 1) names.push([name, x]);
		}
		c.restore();
		c.save();
		// Names stand above the curves, on two rows where they would meet.
		c.font = 11 * dpr + 'px system-ui, Arial, sans-serif';
		c.fillStyle = colour('--weak');
		const free = [-1e9, -1e9];
		for (const [name, at] of names) {
			const wide = c.measureText(name).width;
			const x = Math.min(at - wide / 2, left + width - wide + 6 * dpr);
			const row = x < free[0] + 4 * dpr ? 1 : 0;
			free[row] = x + wide;
			c.fillText(name, x, top - (5 + 13 * row) * dpr);
		}
		c.lineWidth = 2 * dpr;
		for (const k of strong) {
			const idle = k.trial.marks.find((m) => m.name === 'idle');
			if (!idle || k.trial.purged == null) continue;
			const x = u.valToPos(idle.t, 'x', true), y = u.valToPos(k.trial.purged * kib, 'y', true);
			if (x < left || x > left + width + 1) continue;
			c.strokeStyle = colour(this.variants[k.index].colour);
			c.fillStyle = colour('--paper');
			c.beginPath();
			c.arc(x, y, 3.5 * dpr, 0, 2 * Math.PI);
			c.fill();
			c.stroke();
		}
		c.restore();
	}

	hover() {
		const left = this.u ? this.u.cursor.left : -1;
		const at = left >= 0 ? this.u.posToVal(left, 'x') : null;
		this.when.textContent = at === null ? 'Resident memory; ring: purged' : 'at ' + time(at);
		this.cells.forEach((row, i) => {
			const k = this.curves.find((k) => k.index === i && k.strong);
			row[0].textContent = k && at !== null ? bytes(value(k.trial.x, k.trial.y, at)) : '–';
			row[1].textContent = k && at !== null ? bytes(k.trial.asked ? value(k.trial.sx, k.trial.s, at) : value(k.trial.x, k.trial.l, at)) : '–';
		});
	}

	reset() { this.u.setScale('x', this.whole); }

	// work shows what comes before the idle window, which may be a hundredth
	// of the whole.
	work() {
		const freed = this.curves.flatMap((k) => k.trial.marks.filter((m) => m.name === 'freed').map((m) => m.t));
		if (freed.length) this.u.setScale('x', { min: 0, max: Math.min(this.whole.max, Math.max(1e-3, ...freed) * 1.25) });
	}

	// zoom makes the window wider by a factor and moves it by a part of itself.
	zoom(factor, move) {
		const { min, max } = this.u.scales.x;
		const width = Math.min((max - min) * factor, this.whole.max);
		let from = (min + max) / 2 - width / 2 + move * width;
		from = Math.min(Math.max(from, 0), this.whole.max - width);
		this.u.setScale('x', { min: from, max: from + width });
	}

	resize() { this.u.setSize(this.size()); }
}

// A chart is made when it comes near the window: a run of a hundred cells
// opens as fast as one of two.
function make(box) {
	if (box.dataset.made) return;
	box.dataset.made = 'yes';
	try {
		charts.push(new Chart(box));
	} catch (e) {
		failed(e && e.stack || e);
		element('p', 'This chart cannot be drawn: ' + e, box);
	}
}

const boxes = [...document.querySelectorAll('.chart')];
boxes.slice(0, 1).forEach(make);
const near = new IntersectionObserver((all) => {
	for (const e of all) if (e.isIntersecting) { near.unobserve(e.target); make(e.target); }
}, { rootMargin: '600px' });
boxes.forEach((b) => near.observe(b));

let waiting = 0;
addEventListener('resize', () => {
	clearTimeout(waiting);
	waiting = setTimeout(() => charts.forEach((c) => c.resize()), 100);
});
const redraw = () => charts.forEach((c) => c.draw());
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);
addEventListener('beforeprint', () => {
	boxes.forEach(make);
	document.querySelectorAll('details').forEach((d) => { d.open = true; });
	redraw();
});

// For tests: what a browser made of the page.
root.dataset.charts = charts.length;
root.dataset.ready = Math.round(performance.now());
})();
