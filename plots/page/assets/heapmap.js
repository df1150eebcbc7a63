// Heap maps of report.html: the heaps of one trial at one mark, by address. The
// data stand in the page as JSON (see heaps.go); names reach the page as text
// only.
(() => {
'use strict';
const root = document.documentElement;
const states = ['live', 'pinned', 'empty', 'swapped', 'returned', 'reserved'];
const letters = 'lpesrn';
const inMemory = 3; // states before this one
const colour = (name) => getComputedStyle(root).getPropertyValue(name).trim();

function element(tag, text, parent, name) {
	const e = document.createElement(tag);
	if (text) e.textContent = text;
	if (name) e.className = name;
	if (parent) parent.append(e);
	return e;
}

function bytes(n) {
	const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
	let i = 0;
	while (Math.abs(n) >= 1024 && i < units.length - 1) { n /= 1024; i++; }
	return (Number.isInteger(n) ? n : n.toFixed(n >= 100 ? 0 : n >= 10 ? 1 : 2)) + ' ' + units[i];
}

const hex = (n) => '0x' + n.toString(16);

// decode turns run lengths into ends and states, once a heap.
function decode(heap) {
	if (heap.ends) return heap;
	heap.at = Number(heap.start);
	heap.ends = [];
	heap.states = [];
	let end = 0, last = 0;
	for (const [, pages, letter] of heap.runs.matchAll(/(\d+)([a-z])/g)) {
		end += Number(pages);
		heap.ends.push(end);
		heap.states.push(letters.indexOf(letter));
		if (letters.indexOf(letter) <= inMemory) last = end;
	}
	heap.last = last;
	return heap;
}

// counts are the pages of each state from one page to another.
function counts(heap, from, to) {
	const n = states.map(() => 0);
	let low = 0, high = heap.ends.length;
	while (low < high) {
		const middle = (low + high) >> 1;
		if (heap.ends[middle] <= from) low = middle + 1; else high = middle;
	}
	for (let at = from; low < heap.ends.length && at < to; low++) {
		const end = Math.min(to, heap.ends[low]);
		n[heap.states[low]] += end - at;
		at = end;
	}
	return n;
}

class HeapMap {
	constructor(box) {
		this.box = box;
		this.data = JSON.parse(document.getElementById(box.dataset.of).textContent);
		this.variant = 0;
		this.mark = 'idle';
		this.strips = [];
		const bar = element('div', '', box, 'tools');
		this.choice('variant ', bar, this.data.variants.map((v, i) => [i, v.name]), (v) => { this.variant = Number(v); this.marks(); this.draw(); });
		this.markSelect = this.choice('mark ', bar, [], (v) => { this.mark = v; this.draw(); });
		element('span', 'Point at a strip, or tap it.', bar, 'hint');
		this.legend();
		this.info = element('p', '', box, 'heapinfo');
		this.info.setAttribute('aria-live', 'polite');
		this.list = element('div', '', box, 'heaps');
		this.marks();
		this.draw();
	}

	choice(text, parent, options, act) {
		const select = element('select', '', element('label', text, parent));
		for (const [value, name] of options) element('option', name, select).value = value;
		select.addEventListener('change', () => act(select.value));
		return select;
	}

	// marks fills the choice of marks with those of the variant.
	marks() {
		const names = this.data.variants[this.variant].marks.map((m) => m.name);
		if (!names.includes(this.mark)) this.mark = names[names.length - 1];
		this.markSelect.replaceChildren();
		for (const name of names) element('option', name, this.markSelect).value = name;
		this.markSelect.value = this.mark;
	}

	legend() {
		const list = element('ul', '', this.box, 'heapkeys');
		for (const state of states) {
			if (state === 'swapped' && !this.data.variants.some((v) => v.marks.some((m) => m.heaps.some((h) => h.runs.includes('s'))))) continue;
			const item = element('li', '', list);
			element('span', '', item, 'box h-' + state);
			element('span', state, item);
		}
		for (const [name, text] of [['blocks', 'end of the highest block in use'], ['top', 'ptmalloc’s top chunk']]) {
			const item = element('li', '', list);
			element('span', '', item, 'box h-' + name);
			element('span', text, item);
		}
	}

	// draw makes the strips of the chosen mark.
	draw() {
		const mark = this.data.variants[this.variant].marks.find((m) => m.name === this.mark);
		const heaps = mark.heaps.map(decode);
		this.unit = mark.unit;
		// All strips have one scale: to the last page in memory of any heap.
		this.span = Math.max(1, ...heaps.map((h) => Math.max(h.last, h.blocks ? Math.ceil((Number(h.blocks) - h.at) / this.data.page) : 0)));
		this.list.replaceChildren();
		this.strips = heaps.map((heap) => this.strip(heap));
		const notes = [];
		if (mark.left) notes.push(mark.left + ' smaller heaps, together ' + bytes(mark.left_bytes || 0) + ' in memory, are not drawn.');
		if (mark.unit > 1) notes.push('Within cells of ' + bytes(mark.unit * this.data.page) + ' pages stand in the order of their state; counts are exact.');
		element('p', 'Left is each heap’s start, right ' + bytes(this.span * this.data.page) + ' further on. ' + notes.join(' '), this.list, 'note');
		this.say('');
		this.paint();
	}

	strip(heap) {
		const row = element('div', '', this.list, 'heap');
		const name = { main: '[heap], grown by brk', arena: 'arena ' + heap.arena, mapped: 'mapped memory' }[heap.kind] || 'heap';
		const resident = heap.live + heap.rounding + heap.pinned + heap.empty;
		const head = element('div', '', row, 'heaphead');
		element('b', name, head);
		element('span', hex(heap.at), head, 'address');
		element('span', bytes(resident) + ' in memory: ' + [['live', heap.live], ['rounding', heap.rounding], ['pinned', heap.pinned], ['empty', heap.empty]]
			.filter(([, n]) => n > 0).map(([what, n]) => what + ' ' + bytes(n)).join(', '), head);
		if (heap.size) {
			const above = heap.at + heap.size - (heap.blocks ? Number(heap.blocks) : heap.at);
			element('span', bytes(above) + ' of ' + bytes(heap.size) + ' above the highest block', head);
		}
		const canvas = element('canvas', '', row);
		canvas.tabIndex = 0;
		canvas.setAttribute('role', 'img');
		canvas.setAttribute('aria-label', name + ' at ' + hex(heap.at) + ': ' + bytes(resident) + ' in memory');
		const strip = { heap, canvas, name, x: -1 };
		const at = (e) => { strip.x = e.clientX - canvas.getBoundingClientRect().left; this.tell(strip); };
		canvas.addEventListener('pointermove', at);
		canvas.addEventListener('pointerdown', at);
		canvas.addEventListener('keydown', (e) => {
			const step = { ArrowLeft: -1, ArrowRight: 1 }[e.key];
			if (!step) return;
			e.preventDefault();
			strip.x = Math.min(Math.max(0, strip.x + step * (e.shiftKey ? 20 : 1)), canvas.clientWidth - 1);
			this.tell(strip);
		});
		return strip;
	}

	// cells widens a stretch of pages to whole cells, within which no order is
	// known. They are aligned by address.
	cells(heap, from, to) {
		const total = heap.length / this.data.page;
		if (this.unit === 1) return [from, Math.min(total, to)];
		const first = (heap.at / this.data.page) % this.unit;
		return [Math.max(0, Math.floor((from + first) / this.unit) * this.unit - first),
			Math.min(total, Math.ceil((to + first) / this.unit) * this.unit - first)];
	}

	// tell says what lies under a place of a strip.
	tell(strip) {
		const { heap, canvas } = strip, page = this.data.page;
		const pages = this.span / canvas.clientWidth; // of a column one pixel wide
		const total = heap.length / page;
		const [from, to] = this.cells(heap, Math.floor(strip.x * pages), Math.max(Math.floor(strip.x * pages) + 1, Math.floor((strip.x + 1) * pages)));
		if (strip.x < 0 || from >= total) { this.say(strip.name + ' at ' + hex(heap.at) + ' ends at ' + hex(heap.at + heap.length)); return; }
		const n = counts(heap, from, to);
		const there = n.map((k, i) => [k, states[i]]).filter(([k]) => k > 0);
		const what = there.length === 1 ? (to - from > 1 ? to - from + ' pages, all ' : 'page is ') + there[0][1]
			: 'of ' + (to - from) + ' pages ' + there.map(([k, name]) => k + ' ' + name).join(', ');
		let run = '';
		if (this.unit === 1) {
			let i = heap.ends.findIndex((end) => end > from);
			const begin = i > 0 ? heap.ends[i - 1] : 0;
			run = ' · run: ' + bytes((heap.ends[i] - begin) * page) + ' ' + states[heap.states[i]] + ' from ' + hex(heap.at + begin * page);
		}
		this.say(strip.name + ' ' + hex(heap.at + from * page) + ', ' + bytes(from * page) + ' into it: ' + what + run);
	}

	say(text) { this.info.textContent = text || 'In memory at ' + this.mark + ', heap by heap. Pages: live, at least half in blocks; pinned, a block meets it and more than half is free; empty, no block meets it; returned, given back or never touched; reserved, addresses only.'; }

	paint() {
		const look = states.map((s) => colour('--h-' + s)), ink = colour('--ink'), edge = colour('--weak'), top = colour('--h-top');
		const dpr = devicePixelRatio || 1;
		for (const { heap, canvas } of this.strips) {
			const width = Math.max(1, Math.round(canvas.clientWidth * dpr)), height = Math.round(canvas.clientHeight * dpr);
			canvas.width = width;
			canvas.height = height;
			const c = canvas.getContext('2d');
			const pages = this.span / width, total = heap.length / this.data.page;
			const upper = Math.round(3 * dpr), body = height - Math.round(7 * dpr);
			const columns = Math.min(width, Math.max(1, Math.ceil(total / pages)));
			for (let x = 0; x < columns; x++) {
				const [from, to] = this.cells(heap, x * pages, (x + 1) * pages);
				const n = counts(heap, from, to);
				const all = n.reduce((a, b) => a + b, 0);
				if (all <= 0) continue;
				// Largest last, so that what is rare is at least a pixel high.
				let y = upper + body;
				const most = n.indexOf(Math.max(...n));
				const heights = n.map((k) => (k > 0 ? Math.max(Math.round(dpr), Math.round(body * k / all)) : 0));
				heights[most] += body - heights.reduce((a, b) => a + b, 0);
				for (let s = 0; s < states.length; s++) {
					if (heights[s] <= 0) continue;
					y -= heights[s];
					c.fillStyle = look[s];
					c.fillRect(x, y, 1, heights[s]);
				}
			}
			c.strokeStyle = edge;
			c.lineWidth = 1;
			c.strokeRect(0.5, upper + 0.5, columns - 1, body - 1);
			const place = (address) => Math.min(width - 1, (Number(address) - heap.at) / this.data.page / pages);
			if (heap.top) {
				c.fillStyle = top;
				const x = place(heap.top);
				c.fillRect(x, upper + body + Math.round(dpr), Math.max(dpr, place(heap.at + heap.size) - x), Math.round(3 * dpr));
			}
			if (heap.blocks) {
				c.fillStyle = ink;
				c.fillRect(Math.max(0, place(heap.blocks) - dpr), 0, Math.ceil(2 * dpr), height);
			}
		}
	}
}

const maps = [];
function make(box) {
	if (box.dataset.made) return;
	box.dataset.made = 'yes';
	try {
		maps.push(new HeapMap(box));
	} catch (e) {
		root.dataset.error = String(e && e.stack || e);
		element('p', 'This heap map cannot be drawn: ' + e, box);
	}
}
const boxes = [...document.querySelectorAll('.heapmap')];
const near = new IntersectionObserver((all) => {
	for (const e of all) if (e.isIntersecting) { near.unobserve(e.target); make(e.target); }
}, { rootMargin: '600px' });
boxes.forEach((b) => near.observe(b));
let waiting = 0;
addEventListener('resize', () => {
	clearTimeout(waiting);
	waiting = setTimeout(() => maps.forEach((m) => m.paint()), 100);
});
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => maps.forEach((m) => m.paint()));
addEventListener('beforeprint', () => { boxes.forEach(make); maps.forEach((m) => m.paint()); });
})();
