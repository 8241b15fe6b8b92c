export const Brand = ({ size = 20 }: { size?: number }) => (
  <span className="brand">
    <svg
      width={size}
      height={size}
      viewBox="0 0 20 20"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.6"
      strokeLinecap="round"
      aria-hidden="true"
    >
      <path d="M2 7.500 10 3l8 4.500M3.500 17h13M5 9v6M10 9v6M15 9v6" />
    </svg>
    Pantheon
  </span>
)
