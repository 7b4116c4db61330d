import { useEffect, useState } from "react";

/** A picture that is in memory. */
export function BlobPicture({
  blob,
  alt,
  className,
}: {
  readonly blob: Blob | undefined;
  readonly alt: string;
  readonly className?: string;
}) {
  const [url, setUrl] = useState<string>();
  useEffect(() => {
    if (!blob) return setUrl(undefined);
    const made = URL.createObjectURL(blob);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [blob]);
  return url === undefined ? (
    <span className={`picture-place ${className ?? ""}`} />
  ) : (
    <img src={url} alt={alt} className={className} decoding="async" />
  );
}
