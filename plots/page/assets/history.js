// Filters of history.html: a series is shown where every choice fits it.
(() => {
'use strict';
const root = document.documentElement;
addEventListener('error', (e) => { root.dataset.error = String(e.message); });
const selects = [...document.querySelectorAll('#filters select')];
const only = document.getElementById('only');
const shown = document.getElementById('shown');
const all = [...document.querySelectorAll('article.series')];

function filter() {
	let n = 0;
	for (const s of all) {
		const fits = selects.every((c) => c.value === '' || s.dataset[c.dataset.of] === c.value) && (!only.checked || s.dataset.state !== '');
		s.hidden = !fits;
		if (fits) n++;
	}
	shown.textContent = n === all.length ? n + ' series' : n + ' of ' + all.length + ' series';
}

for (const c of [...selects, only]) c.addEventListener('change', filter);
filter(); // a browser keeps choices over a reload
// Where a figure is wider than the window, its newest commits are shown first.
const seen = new IntersectionObserver((some) => {
	for (const e of some) {
		if (!e.isIntersecting) continue;
		seen.unobserve(e.target);
		e.target.scrollLeft = e.target.scrollWidth;
	}
}, { rootMargin: '200px' });
document.querySelectorAll('.drawing').forEach((d) => seen.observe(d));
addEventListener('beforeprint', () => document.querySelectorAll('details').forEach((d) => { d.open = true; }));
root.dataset.ready = Math.round(performance.now());
})();
