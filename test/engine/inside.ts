// What runs inside an engine: the chip model under the bundle, and a list of steps. Plain JavaScript in the engines' subset.

/** Stands in front of everything on Espruino: what Linux builds lack or do otherwise than a board. */
export const ESPRUINO_PRELUDE = `
var S=require("Storage"),OUT="",PORT=null,RX=null;
function P(n){this.n=n;}
P.prototype.toString=function(){return this.n;};
global.Pin=P;
function take(d){d.setup=function(){};d.on=function(e,f){RX=f;};d.removeAllListeners=function(){};d.write=function(s){OUT+=s;};}
PORT={};take(PORT);take(USB);
take(Serial1);
if(typeof Serial2=="undefined")global.Serial2=PORT;else take(Serial2);
E.setConsole=function(){};
// Our Thumb routines are for engines without AES, which are built for ARM; elsewhere the engine would jump into strange code. And
// without a routine an interpreter takes many minutes for a signature: so those have no curve at all.
var THUMB=0,native=E.nativeCall;
if(require("crypto").AES)E.nativeCall=function(){};
else E.nativeCall=function(a,s,c){THUMB++;return native(a,s,c);};
function emit(s){print(s);}
function slice(at,n){return S.read("steps",at,n);}
function mem(){return process.memory();}
function later(f,ms){setTimeout(f,ms);}
function to64(s){return btoa(s);}
function from64(s){return atob(s);}
`;

/**
 * The same for JerryScript, which knows nothing of a board: the global \`native\` of docs/jerryscript.md, as a C program would bring
 * it. Time is virtual: \`run()\` jumps from one timer to the next. Of what a host may leave out it has only flash, so that the
 * bundle's own crypto runs; the radio's functions come from the chip model.
 */
export const JERRY_PRELUDE = `
var OUT="",IN=[],NOW=0,Q=[],NEXT=1,THUMB=0,SERIAL=null,HASH=null;
function later(f,ms){Q.push({at:NOW+(ms>0?ms:0),f:f,id:NEXT});return NEXT++;}
function run(){while(Q.length&&!DONE){var b=0;for(var i=1;i<Q.length;i++)if(Q[i].at<Q[b].at)b=i;var t=Q.splice(b,1)[0];if(t.at>NOW)NOW=t.at;t.f();}}
function whole(n){if(n!==Math.floor(n)||n<0||n>0x7fffffff)throw new TypeError("not a whole number: "+n);return n;}
// All sixteen pages from the start, so that they count as the harness's memory.
var FLASH=new Uint8Array(65536).fill(255);
var native={version:1,engine:"JerryScript 3.0 (Linux)",
now:function(){NOW+=0.02;return NOW;},
after:function(f,ms){return later(f,whole(ms));},
cancel:function(id){for(var i=0;i<Q.length;i++)if(Q[i].id===id){Q.splice(i,1);return;}},
random:function(){return Math.floor(Math.random()*4294967296);},
edPublic:function(){throw new Error("no curve here: an interpreter takes minutes");},
i2cWrite:function(sda,scl,address,bytes){if(!(bytes instanceof Uint8Array))throw new TypeError("bytes");},
serialOpen:function(rx,tx,baud,f){whole(baud);SERIAL=f;},
serialRead:function(into){var n=Math.min(into.length,IN.length);for(var i=0;i<n;i++)into[i]=IN[i];IN.splice(0,n);return n;},
serialWrite:function(bytes){for(var i=0;i<bytes.length;i++)OUT+=String.fromCharCode(bytes[i]);},
flashRead:function(a,into){for(var i=0;i<into.length;i++)into[i]=FLASH[a+i&65535];},
flashWrite:function(a,d){if(a&3||d.length&3)throw new TypeError("words");for(var i=0;i<d.length;i++)FLASH[a+i&65535]&=d[i];},
flashErase:function(a){for(var i=0;i<4096;i++)FLASH[(a&61440)+i]=255;},
codeHash:function(into){if(HASH)into.set(bytesOf(HASH));},
reboot:function(){}};
function RX(s){for(var i=0;i<s.length;i++)IN.push(s.charCodeAt(i));while(IN.length)SERIAL();}
var B64="ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
function to64(s){var o="";for(var i=0;i<s.length;i+=3){var n=s.charCodeAt(i)<<16|(s.charCodeAt(i+1)||0)<<8|(s.charCodeAt(i+2)||0);
o+=B64[n>>18]+B64[n>>12&63]+(i+1<s.length?B64[n>>6&63]:"=")+(i+2<s.length?B64[n&63]:"=");}return o;}
function from64(s){var o="",n=0,k=0;for(var i=0;i<s.length&&s[i]!=="=";i++){n=(n<<6|B64.indexOf(s[i]))&0xffffff;k+=6;
if(k>=8){k-=8;o+=String.fromCharCode(n>>k&255);}}return o;}
function emit(s){print(s);}
var LINE=0;
function slice(){return LINE<STEPS.length?STEPS[LINE++]+"\\n":"";}
function mem(){return{free:0,total:0,usage:0};}
`;

/**
 * Goes through the steps, one a line: "C text" types a console line and prints the answer in base64, "S base64" is any serial
 * input and "R" none: they print all that came since the last. "F rssi snr hex" lets the chip hear a frame, "X" prints every
 * frame sent so far, "J code" is for the engine's prompt, "M label" prints memory, "D ms" waits, "B" starts the bundle anew
 * (JerryScript), "P" prints the chip's violations and how often native code was made.
 */
export const STEP_RUNNER = `
var DONE=0,AT=0,GAP=20;
function bytesOf(h){var u=new Uint8Array(h.length/2);for(var i=0;i<u.length;i++)u[i]=parseInt(h.substr(2*i,2),16);return u;}
function hexOf(u){var s="";for(var i=0;i<u.length;i++)s+=(u[i]<16?"0":"")+u[i].toString(16);return s;}
function idle(then){if(H.chip.dio1()){later(function(){idle(then);},1);}else later(then,5);}
// A board answers line by line; what the console says begins with an arrow.
function quiet(kind,left){var n=OUT.length;later(function(){
 if(left&&(OUT.length!==n||kind==="C"&&OUT.indexOf("->")<0))quiet(kind,left-1);else{emit(kind+" "+to64(OUT));OUT="";step();}},100);}
function hear(p,left){
 // Between two receptions for a moment: a frame has a preamble to wait through. A tenth of a second is deaf.
 if(H.receive(bytesOf(p[2]),parseFloat(p[0]),parseFloat(p[1])))later(function(){idle(step);},GAP);
 else if(left)later(function(){hear(p,left-1);},2);
 else{emit("DEAF");step();}
}
function step(){
 var line=slice(AT,620),end=line.indexOf("\\n");
 if(end<0){DONE=1;FINISH();return;}
 line=line.substr(0,end);AT+=end+1;
 var kind=line.charAt(0),rest=line.substr(2);
 if(kind==="C"){OUT="";RX(rest+"\\r");quiet("C",90);}
 else if(kind==="S"){RX(from64(rest));quiet("S",90);}
 else if(kind==="R")quiet("S",90);
 else if(kind==="J"){eval(rest);step();}
 else if(kind==="F")hear(rest.split(" "),50);
 else if(kind==="X"){var s=H.sent;for(var i=0;i<s.length;i++)emit("X "+hexOf(s[i]));step();}
 else if(kind==="M"){emit("M "+rest+" "+JSON.stringify(mem()));step();}
 else if(kind==="B"){REBOOT();later(step,500);}
 else if(kind==="P"){emit("P "+H.chip.violations.length+" "+H.chip.violations.join("; "));emit("T "+THUMB);step();}
 else later(step,parseFloat(rest));
}
`;
