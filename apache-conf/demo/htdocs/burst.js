// The pool's pages: sends a burst of requests to the address below the page's own, and shows who served how many.
document.getElementById('go').onclick = async function () {
  const bars = document.getElementById('bars'), said = document.getElementById('said'), by = {}, start = performance.now();
  bars.textContent = ''; said.textContent = 'waiting';
  await Promise.all(Array.from({length: 24}, async (_, i) => {
    const a = await (await fetch(location.pathname + '/work?' + i + Math.random())).json(), key = a.process + ' / ' + a.interpreter;
    if (!by[key]) {
      const row = document.createElement('div'); row.className = 'row';
      const name = document.createElement('code'); name.textContent = key;
      by[key] = document.createElement('span'); row.append(name, by[key]); bars.append(row);
    }
    by[key].append(document.createElement('b'));
  }));
  said.textContent = Object.keys(by).length + ' interpreters, ' + Math.round(performance.now() - start) + ' ms (each request sleeps 100 ms)';
};
