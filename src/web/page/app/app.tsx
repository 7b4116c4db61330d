/** The page of tag2mask: everything in it runs in this tab. */
export function App() {
  return (
    <main>
      <h1>tag2mask</h1>
      <p>Image tags in, pixel masks out. Everything is computed in this tab; no image leaves it.</p>
    </main>
  );
}
