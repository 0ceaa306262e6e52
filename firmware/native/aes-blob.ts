// Made by build.mjs from aes.c with arm-none-eabi-gcc 12.2.1. Run it again instead of editing this file.

/** Thumb-2 code for the Cortex-M4, 836 bytes in base64; it runs at any address that is a multiple of four. */
export const AES_BLOB =
  "wwkbIgPwATNAAFNDAPD+MFhAcEcItQFG//fy/0/qMWOD6jFDQ0BIQIPqMCAIvcPzB0PC8wciw1yCXMmyGwRD6gIjQlwTQ534AyCAXEPqAGBwRy3p8E/9sBxGAx4CkxS/AyMBI934GLIEkwAqAPDLgAAsAPDIgLvxAA8A8MSACwdA8MGAH/qB+bnrEU8A8ruAEK0TaCtgU2hrYJNoq2DTaOtgWkt7RC5GASdP8AQIA5MY8AMP8WiyRg3RT+oxIxlGAJMaRgOY//ey/4DqBwE4Rv/3lv8HRtr4ADAENgjxAQhLQLjxLA/zYOLRApsbs0hJACN5RDyqEfgBCxNUATOz9YB/+NEDkgTrCQMGkwKbACsVv0/woAlP8AAJb/APAxAjqUQFkwiuDK8Gm5xCB9MAIH2wvejwjzdLe0QDk+PnCKkAI+JYWfgDAAQzQkAQK0H4BCv20cpGT/ABCAWbACWaRASZBJoDmGkaAfADAascKkRW+CEQAJED8AMDAvADAlb4JRBW+CIgVvgjMP/3UP8Cmlr4JRA6u7jxCg8e0UFAR/glEAE1BC3b0QjxAQg4aHloumj7aDBguPELD3FgsmDzYMvRy/gAAMv4BBDL+Aggy/gMMBA0C/EQC6bnB5H/9xr/B5lBQNvnuPEKD4HqAAHW0IHqMUD/9wT///cC/0hA//cJ/wFGy+cBIJLnAL+cAQAATgEAAAgBAAAHtQCTE0YKRgFGACD/9xX/A7Bd+AT7B7UAkxNGCkYBRgEg//cK/wOwXfgE+2N8d3vya2/FMAFnK/7Xq3bKgsl9+llH8K3Uoq+cpHLAt/2TJjY/98w0peXxcdgxFQTHI8MYlgWaBxKA4usnsnUJgywaG25aoFI71rMp4y+EU9EA7SD8sVtqy745SkxYz9DvqvtDTTOFRfkCf1A8n6hRo0CPkp049by22iEQ//PSzQwT7F+XRBfEp349ZF0Zc2CBT9wiKpCIRu64FN5eC9vgMjoKSQYkXMLTrGKRleR558g3bY3VTqlsVvTqZXquCLp4JS4cprTG6N10H0u9i4pwPrVmSAP2DmE1V7mGwR2e4fiYEWnZjpSbHofpzlUo34yhiQ2/5kJoQZktD7BUuxY=";

/** Where its calls start, with the bit that says Thumb code. */
export const AES_ENCRYPT = 537;
export const AES_DECRYPT = 559;
